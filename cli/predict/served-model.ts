import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { wayOutOfNoAnswer } from '../aws/no-answer';
import type { Endpoint } from '../open/endpoint';
import type { EndpointOptions } from '../open/options';
import { endpointOf } from '../open/options';
import { STACK } from './options';

/** A model that is served. */
export interface ServedModel {
  /** Address as the command was given it. */
  readonly target: string;
  readonly endpoint: Endpoint;
  /** Path of the model below the endpoint's address. */
  readonly path: string;
}

/** Returns the model that an address or a stack names. Throws a sentence if there is none. */
export async function servedModel(target: string, options: EndpointOptions, environment: NodeJS.ProcessEnv = process.env): Promise<ServedModel> {
  const isStack = target.startsWith(STACK);
  const address = isStack ? await addressIn(target, options) : target;
  const signs = endpointOf(address, { ...options, region: undefined, profile: undefined }, { AWS_REGION: 'any' }).endpoint?.signing !== undefined;
  // A Region and a profile may be those of the stack, or of the other model.
  const { endpoint, problems } = endpointOf(address, signs ? options : { ...options, region: undefined, profile: undefined }, environment);
  const model = endpoint?.model;
  if (problems.length === 0 && model === undefined) {
    problems.push(`${target} does not name a model: give --model NAME`);
  }
  if (problems.length > 0 || endpoint === undefined) {
    throw new Error(problems.map((problem) => `${target}: ${problem}`).join('\n'));
  }
  const [version = ''] = /\/(versions|labels)\/[^/:]+/.exec(new URL(address).pathname) ?? [];
  return { target, endpoint, path: `/v1/models/${encodeURIComponent(model!)}${version}` };
}

/** Returns the address in a stack's output: the one that is named, or the only one that is an address. */
async function addressIn(target: string, { region, profile }: EndpointOptions): Promise<string> {
  const [, stack, name] = /^stack:([A-Za-z][A-Za-z0-9-]*)(?:\.([A-Za-z0-9]+))?$/.exec(target) ?? [];
  if (stack === undefined) {
    throw new Error(`${target} must name a stack and one of its outputs, as in ${STACK}Digits.Url`);
  }
  const outputs = await outputsOf(target, stack, { region, profile });
  const found = name === undefined ? outputs.filter(({ value }) => /^https?:\/\//.test(value)) : outputs.filter((output) => output.name === name);
  if (found.length !== 1) {
    const which = name === undefined ? `${found.length === 0 ? 'no output' : 'several outputs'} with an address` : `no output ${name}`;
    throw new Error(`${target}: the stack has ${which}; it has ${outputs.map((output) => output.name).join(', ') || 'none at all'}: name one of them, as in ${STACK}${stack}.Url`);
  }
  if (!/^https?:\/\//.test(found[0].value)) {
    throw new Error(`${target}: the output ${found[0].name} is ${JSON.stringify(found[0].value)}, and no address: give the address of the model itself`);
  }
  return found[0].value;
}

async function outputsOf(target: string, stack: string, access: { region?: string; profile?: string }): Promise<{ name: string; value: string }[]> {
  const client = new CloudFormationClient(access);
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => ({ name: OutputKey, value: OutputValue }));
  } catch (error) {
    const { message } = error as Error;
    const wayOut = wayOutOfNoAnswer(error as Error) ?? 'look whether the stack is in this account and Region, or give --region or --profile';
    throw new Error(`${target}: CloudFormation does not describe the stack (${message}): ${wayOut}`, { cause: error });
  }
}
