// Generated from proto/muster/v1 by npm run gen.


export interface ListReplicasRequest {
}

export interface ListReplicasRequest__Output {
}
