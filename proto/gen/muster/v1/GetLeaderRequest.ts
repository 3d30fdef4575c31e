// Generated from proto/muster/v1 by npm run gen.


export interface GetLeaderRequest {
}

export interface GetLeaderRequest__Output {
}
