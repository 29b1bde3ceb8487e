import type { Endpoint } from '../../cli/open/endpoint';
import type { Instead } from '../../cli/open/upstream';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A deployed model that answers TensorFlow Serving's REST API. */
export interface Server {
  /** Sends a request, e.g. to `/v1/models/<name>:predict`, and returns the response with any status. */
  request(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Facts about this path, one line each: which pods run, which instance answered. */
  readonly facts?: string[];
  /** Stops what `connect` started on this machine. Deployed resources end with the embedded AWS. */
  close?(): Promise<void>;
}

/** Server that a page of this machine sends requests to. */
export interface DemoServer extends Server {
  readonly address: {
    readonly endpoint: Endpoint;
    readonly instead?: Instead;
  };
}
