/** Options of a hook. */
export interface ModelHookOptions {
  /**
   * A JSON file with an event that the hook must answer before callers get the new version: the payload of a direct invocation,
   * or the event of an HTTP front end.
   *
   * @default - the new version must start and load model and hook, but the hook gets no request
   */
  readonly checkEventFile?: string;
}
