/**
 * Timing of health checks.
 *
 * Health checks share the server's threads with requests, so a server under load responds slowly. Removing it would overload the others,
 * until none is left.
 */
export const HEALTH_CHECK = { intervalSeconds: 30, timeoutSeconds: 20, healthyThreshold: 2, unhealthyThreshold: 5 };

/** Returns a path that answers 200 only if a version is loaded; `/v1/models/<name>` also does if none is. */
export function healthCheckPath(modelName: string): string {
  return `/v1/models/${modelName}/metadata`;
}
