// Generated from proto/muster/v1 by npm run gen.


export interface GetVersionRequest {
}

export interface GetVersionRequest__Output {
}
