// Generated from proto/muster/v1 by npm run gen.


export interface SnapshotEnd {
}

export interface SnapshotEnd__Output {
}
