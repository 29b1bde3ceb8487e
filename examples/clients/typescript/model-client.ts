import { Sha256 } from '@aws-crypto/sha256-js';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SignatureV4 } from '@smithy/signature-v4';

/** Address of a model. */
export interface ModelClientOptions {
  /** A function URL, or `http://HOST:8501` of a service or a fleet: nothing else differs between the three. */
  readonly url: string;

  /** The name in `/v1/models/<name>`. */
  readonly model: string;

  /** Sends a request; Node.js's own fetch by default. */
  readonly fetch?: typeof globalThis.fetch;
}

/** The model rejected the request, or did not answer. */
export class ModelError extends Error {
  constructor(public readonly status: number, message: string) {
    super(message);
  }
}

const FUNCTION_URL = /\.lambda-url\.(?<region>[a-z0-9-]+)\.on\.aws$/;

/**
 * Asks a model by TensorFlow Serving's REST API, on AWS Lambda, Amazon EKS and Amazon EC2 alike.
 *
 * npm install @aws-crypto/sha256-js @aws-sdk/client-lambda @smithy/signature-v4
 */
export class ModelClient {
  private readonly signer?: SignatureV4;

  constructor(private readonly options: ModelClientOptions) {
    const region = FUNCTION_URL.exec(new URL(options.url).hostname)?.groups?.region;
    if (region) {
      // Credentials as every AWS SDK finds them: environment, profile, role of the task or the instance.
      const { credentials } = new LambdaClient({ region }).config;
      this.signer = new SignatureV4({ service: 'lambda', region, credentials, sha256: Sha256 });
    }
  }

  /** One prediction for each instance. */
  public async predict<Prediction = unknown>(instances: unknown[]): Promise<Prediction[]> {
    const { predictions } = await this.request('POST', ':predict', { instances }) as { predictions: Prediction[] };
    return predictions;
  }

  /** Signatures with the names, types and shapes of their inputs and outputs. */
  public metadata(): Promise<unknown> {
    return this.request('GET', '/metadata');
  }

  private async request(method: string, verb: string, body?: unknown): Promise<unknown> {
    const url = new URL(`/v1/models/${this.options.model}${verb}`, this.options.url);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = await this.headers(method, url, text);
    const answer = await (this.options.fetch ?? fetch)(url, { method, headers, body: text });
    const content = await answer.text();
    if (!answer.ok) {
      throw new ModelError(answer.status, errorOf(content));
    }
    return JSON.parse(content);
  }

  private async headers(method: string, url: URL, body?: string): Promise<Record<string, string>> {
    const headers = { 'content-type': 'application/json' };
    if (!this.signer) {
      return headers;
    }
    const { protocol, hostname, pathname: path } = url;
    return (await this.signer.sign({ method, protocol, hostname, path, query: {}, headers: { ...headers, host: hostname }, body })).headers;
  }
}

function errorOf(content: string): string {
  try {
    const { error, Message } = JSON.parse(content) as { error?: string; Message?: string }; // the model's, Lambda's own
    return error ?? Message ?? content;
  } catch {
    return content;
  }
}
