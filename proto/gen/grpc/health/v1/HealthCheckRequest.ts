// Generated from proto/grpc/health/v1 by npm run gen.


export interface HealthCheckRequest {
  'service'?: (string);
}

export interface HealthCheckRequest__Output {
  'service': (string);
}
