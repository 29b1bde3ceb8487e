/** Security context that the restricted pod security standard requires of each container. */
export function containerSecurity(readOnlyRootFilesystem: boolean): Record<string, unknown> {
  return { allowPrivilegeEscalation: false, readOnlyRootFilesystem, capabilities: { drop: ['ALL'] } };
}

/** Security context that the standard requires of the pod. `fsGroup` gives the user read access to the Mountpoint volume. */
export function podSecurity(user: number): Record<string, unknown> {
  return { runAsNonRoot: true, runAsUser: user, runAsGroup: user, fsGroup: user, seccompProfile: { type: 'RuntimeDefault' } };
}
