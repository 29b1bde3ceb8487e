/** Options of a hook. */
export interface ModelHookOptions {
  /**
   * A JSON file with an event that the hook must answer before callers get the new version: a direct invocation's payload,
   * or the event of a front door.
   *
   * @default - the new version must start and load model and hook, but no request is sent through the hook
   */
  readonly checkEventFile?: string;
}
