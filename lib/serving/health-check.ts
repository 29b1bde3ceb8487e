/**
 * How patiently a server is asked whether its model answers.
 *
 * Health checks wait for the server's threads like any request. A server under load is slow, and taking it away would make it worse for the
 * others, until none is left.
 */
export const HEALTH_CHECK = { intervalSeconds: 30, timeoutSeconds: 20, healthyThreshold: 2, unhealthyThreshold: 5 };

/** The path that answers 200 only while a version is loaded; the bare `/v1/models/<name>` does so while none is. */
export function healthCheckPath(modelName: string): string {
  return `/v1/models/${modelName}/metadata`;
}
