// Generated from proto/muster/v1 by npm run gen.


export interface GetClusterRequest {
}

export interface GetClusterRequest__Output {
}
