/** What the restricted pod security standard asks of each container. */
export function containerSecurity(readOnlyRootFilesystem: boolean): Record<string, unknown> {
  return { allowPrivilegeEscalation: false, readOnlyRootFilesystem, capabilities: { drop: ['ALL'] } };
}

/** What it asks of the pod. The group of the file system is what lets this user read what Mountpoint shows. */
export function podSecurity(user: number): Record<string, unknown> {
  return { runAsNonRoot: true, runAsUser: user, runAsGroup: user, fsGroup: user, seccompProfile: { type: 'RuntimeDefault' } };
}
