// Generated from proto/muster/v1 by npm run gen.


export interface InclusionProof {
  'index'?: (number);
  'siblings'?: (Buffer | Uint8Array | string)[];
}

export interface InclusionProof__Output {
  'index': (number);
  'siblings': (Buffer)[];
}
