/** What a deployment does when no candidate passes the gate. */
export enum RefusalBehavior {
  /** The deployment fails, and is rolled back. */
  FAIL = 'FAIL',

  /**
   * The deployment succeeds, and the version that served before goes on. What was refused, and why, is in `refusal`, an output, a metric and an event.
   *
   * It fails where there is nothing that could be kept: at the first deployment of a model, or where the format or the processor changes with it.
   */
  KEEP_PREVIOUS = 'KEEP_PREVIOUS',
}
