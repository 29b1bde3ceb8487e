import { setTimeout as sleep } from 'timers/promises';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { callFunctionUrl, signedHeaders } from '../../emulator/client/function-url';
import type { PathName, Server } from '../demo/path';
import type { Account } from './account';

/** The longest that a new load balancer takes until it answers. */
const LOAD_BALANCER_SECONDS = 600;

/** A way of serving, as scripts/verify-aws/app.ts deploys it. */
export interface VerifiedPath {
  readonly name: PathName;
  readonly stack: string;
  /** What it costs while it is there besides the endpoint itself, for the reader. */
  readonly alsoPaid: string;
  connect(account: Account, outputs: Record<string, string>, region: string): Promise<Server>;
}

/** Asks through the probe, once the load balancer has begun to answer. */
async function insideVpc(account: Account, probe: string, address: string, model: string): Promise<Server> {
  const server: Server = { request: (method, path, body) => account.probe(probe, method, `http://${address}${path}`, body), hints: [] };
  for (let waited = 0; (await server.request('GET', `/v1/models/${model}`)).status !== 200 && waited < LOAD_BALANCER_SECONDS; waited += 15) {
    await sleep(15_000);
  }
  return server;
}

/** Asks a function URL, signed with the environment's credentials. */
function functionUrl(url: string, region: string): Server {
  const { hostname } = new URL(url);
  const { credentials } = new LambdaClient().config;
  // The embedded AWS answers for every host on one port. It is how this program is tried out.
  const embedded = process.env.AWS_ENDPOINT_URL;
  if (embedded) {
    return { request: (method, path, body) => callFunctionUrl(url, Number(new URL(embedded).port), region, method, path, body), hints: [] };
  }
  return {
    async request(method, path, body) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = await signedHeaders({ hostname, region, method, path, body: text }, credentials);
      const answer = await fetch(`https://${hostname}${path}`, { method, headers, body: text });
      return { status: answer.status, body: await answer.text() };
    },
    hints: [],
  };
}

export const VERIFIED_PATHS: readonly VerifiedPath[] = [
  {
    name: 'function',
    stack: 'VerifyFunction',
    alsoPaid: '',
    connect: (_account, { Url }, region) => Promise.resolve(functionUrl(Url, region)),
  },
  {
    name: 'service',
    stack: 'VerifyService',
    alsoPaid: 'a NAT gateway and a network load balancer',
    connect: (account, { ProbeName, Address }) => insideVpc(account, ProbeName, `${Address}:8501`, 'digits'),
  },
  {
    name: 'fleet',
    stack: 'VerifyFleet',
    alsoPaid: 'VPC endpoints in two Availability Zones',
    connect: (account, { ProbeName, LoadBalancer }) => insideVpc(account, ProbeName, `${LoadBalancer}:8501`, 'digits'),
  },
];
