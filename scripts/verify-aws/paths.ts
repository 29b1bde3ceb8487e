import { LambdaClient } from '@aws-sdk/client-lambda';
import { callFunctionUrl, signedHeaders } from '../../emulator/client/function-url';
import type { PathName } from '../demo/path-name';
import type { Server } from '../demo/server';
import type { Account } from './account';

/** A way of serving, as scripts/verify-aws/app.ts deploys it. */
export interface VerifiedPath {
  readonly name: PathName;
  readonly stack: string;
  /** What it costs while it is there besides the endpoint itself, for the reader. */
  readonly alsoPaid: string;
  /** Virtual processors of EC2's standard families that it runs at the most. */
  readonly processors?: number;
  /** Elastic IP addresses of its NAT gateways. */
  readonly addresses?: number;
  /** Whether TensorFlow Serving's image is pulled for it. */
  readonly image?: boolean;
  /** How the logical id of the log group begins that says why instances do not serve. */
  readonly bootLog?: string;
  connect(account: Account, outputs: Record<string, string>, region: string): Server;
}

/** Asks through the probe. */
function insideVpc(account: Account, probe: string, address: string): Server {
  return { request: (method, path, body) => account.probe(probe, method, `http://${address}${path}`, body) };
}

/** Asks a function URL, signed with the environment's credentials. */
function functionUrl(url: string, region: string): Server {
  const { hostname } = new URL(url);
  const { credentials } = new LambdaClient().config;
  // The embedded AWS answers for every host on one port. It is how this program is tried out.
  const embedded = process.env.AWS_ENDPOINT_URL;
  if (embedded) {
    return { request: (method, path, body) => callFunctionUrl(url, Number(new URL(embedded).port), region, method, path, body) };
  }
  return {
    async request(method, path, body) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = await signedHeaders({ hostname, region, method, path, body: text }, credentials);
      const answer = await fetch(`https://${hostname}${path}`, { method, headers, body: text });
      return { status: answer.status, body: await answer.text() };
    },
  };
}

export const VERIFIED_PATHS: readonly VerifiedPath[] = [
  {
    name: 'function',
    stack: 'VerifyFunction',
    alsoPaid: '',
    connect: (_account, { Url }, region) => functionUrl(Url, region),
  },
  {
    name: 'service',
    stack: 'VerifyService',
    alsoPaid: 'a NAT gateway and a network load balancer',
    // Three pods, and three more while all of them are replaced, on nodes that Auto Mode makes as large as it likes.
    processors: 16,
    addresses: 1,
    image: true,
    connect: (account, { ProbeName, Address }) => insideVpc(account, ProbeName, `${Address}:8501`),
  },
  {
    name: 'fleet',
    stack: 'VerifyFleet',
    alsoPaid: 'VPC endpoints in two Availability Zones',
    // Two m7i.large, and a third while they are updated.
    processors: 6,
    image: true,
    bootLog: 'DigitsLogGroup',
    connect: (account, { ProbeName, LoadBalancer }) => insideVpc(account, ProbeName, `${LoadBalancer}:8501`),
  },
];
