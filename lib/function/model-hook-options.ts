/** Options of a hook. */
export interface ModelHookOptions {
  /**
   * Whether the hook needs NumPy, which the numpy runtime brings: the hook's own packages never hold it.
   *
   * @default - true when a Python file of the directory imports numpy, requirements.txt names it, or one of the packages that are
   * installed requires it
   */
  readonly requiresNumpy?: boolean;

  /**
   * A JSON file with an event that the hook must answer before callers get the new version: a direct invocation's payload,
   * or the event of a front door.
   *
   * @default - the new version must start and load model and hook, but no request is sent through the hook
   */
  readonly checkEventFile?: string;
}
