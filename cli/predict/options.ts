import type { EndpointOptions } from '../open/options';
import { takeOptions } from '../optimizer/own-options';

export const USAGE = `A MODEL that is served may also be stack:NAME or stack:NAME.OUTPUT, the address in an output of a stack, and its address may
end before /v1. Requests to a function URL or an API are signed with your credentials:
  --model NAME       name of the model, where the address has none
  --service SERVICE  lambda or execute-api: sign for a function URL or an API, for a domain of your own
  --unsigned         do not sign, for a function URL or an API that is public
  --region REGION    of the stack and the signature; that of the host's name when absent, then the environment's
  --profile NAME     a profile of the AWS configuration files; the environment's credentials when absent
`;

/** Beginning of a model that is named by a stack. */
export const STACK = 'stack:';

/** Arguments of the command. */
export interface PredictOptions {
  readonly options: EndpointOptions;
  /** The served models among the arguments, each once. */
  readonly targets: string[];
  /** Arguments for the optimizer. */
  readonly rest: string[];
}

/** Separates the options of this package from those of the optimizer. Throws with all problems. */
export function parsePredictOptions(args: string[]): PredictOptions {
  const { values, rest } = takeOptions(args.filter((argument) => argument !== '--unsigned'), ['model', 'service', 'region', 'profile']);
  const targets = [...new Set(rest.map((argument) => argument.replace(/^--compare=/, '')).filter(isServed))];
  const given = Object.entries(values);
  const unsigned = args.includes('--unsigned');
  const problems = [
    ...given.flatMap(([name, value]) => (value === '' ? [`--${name} must have a value, got ""`] : [])),
    ...targets.length > 0 ? [] : [...given.map(([name]) => name), ...unsigned ? ['unsigned'] : []].map(
      (name) => `--${name} is for a model that is served, and none of the models is an address or begins with ${STACK}: leave it out`),
  ];
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
  return { options: { ...values, unsigned }, targets, rest };
}

const isServed = (argument: string) => /^(https?:\/\/|stack:)/.test(argument);
