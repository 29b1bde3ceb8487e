import { LambdaClient } from '@aws-sdk/client-lambda';
import type { PathName } from '../demo/path-name';
import type { Answer, Server } from '../demo/server';
import { callFunctionUrl, signedHeaders } from '../emulator/client/function-url';
import type { Account } from './account';

/** A path, as lab/verify-aws/app.ts deploys it. */
export interface VerifiedPath {
  readonly name: PathName;
  readonly stack: string;
  /** Resources that cost money besides the endpoint, for the reader. */
  readonly alsoPaid: string;
  /** True if the path is a function with the alias `live`. */
  readonly alias?: boolean;
  /** True if a canary of pods or instances can serve a version first. */
  readonly canary?: boolean;
  /** Reason why the embedded AWS cannot run it. */
  readonly onlyOnAws?: string;
  /** Prefix of the logical ID of the log group that explains why instances do not serve. */
  readonly bootLog?: string;
  connect(account: Account, outputs: Record<string, string>, region: string): Server;
}

/** Sends requests to an internal load balancer, through the probe. */
function insideVpc(account: Account, probe: string, host: string, port: number): Server {
  const embedded = process.env.AWS_ENDPOINT_URL;
  if (embedded) {
    return { request: (method, path, body) => askEmbedded(`${embedded}/_embedded_aws/load-balancers/${host}/${port}`, method, path, body) };
  }
  const address = `${host}:${port}`;
  return { request: (method, path, body) => account.probe(probe, method, `http://${address}${path}`, body) };
}

/** Sends a request to a load balancer of the embedded AWS, which says at which port of this machine it is. Used to test this program. */
async function askEmbedded(directory: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const { host, port } = await (await fetch(directory)).json() as { host: string; port: number };
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await fetch(`http://${host}:${port}${path}`, { method, body: text, headers: { connection: 'close' } });
  return { status: answer.status, body: await answer.text() };
}

/** Sends requests to a function URL, signed with the environment's credentials. */
export function functionUrl(url: string, region: string): Server {
  const { hostname } = new URL(url);
  const { credentials } = new LambdaClient().config;
  // The embedded AWS answers for every host on one port. Used to test this program.
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
    alias: true,
    connect: (_account, { Url }, region) => functionUrl(Url, region),
  },
  {
    name: 'service',
    stack: 'VerifyService',
    alsoPaid: 'a NAT gateway and a network load balancer',
    canary: true,
    onlyOnAws: 'a service has no load balancer there; `npm run test:cluster` deploys services',
    connect: (account, { ProbeName, Address }) => insideVpc(account, ProbeName, Address, 8501),
  },
  {
    name: 'fleet',
    stack: 'VerifyFleet',
    alsoPaid: 'VPC endpoints in two Availability Zones',
    canary: true,
    bootLog: 'DigitsLogGroup',
    connect: (account, { ProbeName, LoadBalancer }) => insideVpc(account, ProbeName, LoadBalancer, 8501),
  },
];
