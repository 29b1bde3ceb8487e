/** Status and body of an HTTP response. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A deployed model that answers TensorFlow Serving's REST API. */
export interface Server {
  /** Sends one request, `/v1/models/<name>:predict` for example, and returns the response whatever its status. */
  request(method: string, path: string, body?: unknown): Promise<Answer>;
  /**
   * Commands that talk to it from another terminal while the demo keeps it running.
   *
   * @param model name of the model
   * @param bodyFile absolute path of a file with the body of a predict request
   */
  hints?(model: string, bodyFile: string): string[];
  /** Facts of this path worth a line each: which pods run, which instance answered. */
  readonly facts?: string[];
  /** Ends what `connect` began on this machine; what was deployed ends with the embedded AWS. */
  close?(): Promise<void>;
}
