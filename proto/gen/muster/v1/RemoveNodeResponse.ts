// Generated from proto/muster/v1 by npm run gen.


export interface RemoveNodeResponse {
}

export interface RemoveNodeResponse__Output {
}
