/** What a deployment does when no candidate passes the gate. */
export enum RefusalBehavior {
  /** The deployment fails, and is rolled back. */
  FAIL = 'FAIL',

  /**
   * The deployment succeeds, and the version that served before goes on. What was refused, and why, is in `refusal`, an output, a metric and an event.
   *
   * It fails where there is nothing that could be kept: at the first deployment of a model, where the format or the processor changes with it, where
   * a server is published with the model for the first time, or where the model moves to another bucket or prefix.
   */
  KEEP_PREVIOUS = 'KEEP_PREVIOUS',
}
