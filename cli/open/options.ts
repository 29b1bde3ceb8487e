import { parseArgs } from 'util';
import type { Endpoint, SigningService } from './endpoint';
import { serviceOfHost, SIGNING_SERVICES, splitAddress } from './endpoint';

export const USAGE = `Usage: cdk-tensorflow open URL [options]

Serves a page on this machine that sends requests to a model, and an address for clients that cannot sign requests.
URL is the address of an endpoint, such as a function URL, an API with its stage or a forwarded port (http://localhost:8501).
It may go on to the model: …/v1/models/digits. Everything sent to the printed address goes on to the endpoint, until Ctrl-C.

  --model NAME            name of the model, where URL has none; the page asks for it when absent
  --service SERVICE       ${SIGNING_SERVICES.join(' or ')}: sign for a function URL or an API; by the host's name when absent, which
                          a domain of your own does not tell
  --unsigned              do not sign, for a function URL or an API that is public
  --region REGION         that of the host's name when absent, then the environment's
  --profile NAME          a profile of the AWS configuration files; the environment's credentials when absent
  --help                  this text

Exit code: 0 after Ctrl-C, 2 if the options are wrong or no credentials are found.
`;

/** The options, as `parseArgs` and the completion of shells read them. */
export const OPTIONS = {
  'model': { type: 'string' },
  'service': { type: 'string' },
  'unsigned': { type: 'boolean', default: false },
  'region': { type: 'string' },
  'profile': { type: 'string' },
  'help': { type: 'boolean', default: false },
} as const;

/** Returns the endpoint, or undefined if the help is wanted. Throws with all problems. */
export function parseOpenOptions(args: string[], environment: NodeJS.ProcessEnv = process.env): Endpoint | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: OPTIONS,
  });
  if (values.help) {
    return undefined;
  }
  const [given, ...more] = positionals;
  const { endpoint, problems } = endpointOf(given, values, environment);
  problems.push(
    ...more.length > 0 ? [`one address is allowed, got also ${more.map((word) => JSON.stringify(word)).join(', ')}`] : [],
    ...Object.entries(values).flatMap(([name, value]) => (value === '' ? [`--${name} must have a value, got ""`] : [])),
  );
  if (problems.length > 0 || endpoint === undefined) {
    throw new Error(problems.join('\n'));
  }
  return endpoint;
}

/** Options that say how to send requests to an address. */
export interface EndpointOptions {
  readonly model?: string;
  readonly service?: string;
  readonly unsigned?: boolean;
  readonly region?: string;
  readonly profile?: string;
}

/** Returns the endpoint at an address, or all that is wrong with the address and the options. */
export function endpointOf(
  given: string | undefined, options: EndpointOptions, environment: NodeJS.ProcessEnv = process.env,
): { endpoint?: Endpoint; problems: string[] } {
  const { model, service, unsigned = false, profile } = options;
  const address = URL.canParse(given ?? '') ? new URL(given!) : undefined;
  const known = address && serviceOfHost(address.hostname);
  const split = address && splitAddress(address);
  const signs = !unsigned && (service ?? known?.service) !== undefined;
  const region = options.region ?? known?.region ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  const problems = [
    ...addressProblems(given, address),
    ...service === undefined || service === '' || (SIGNING_SERVICES as readonly string[]).includes(service) ? []
      : [`--service must be one of ${SIGNING_SERVICES.join(', ')}, got ${JSON.stringify(service)}`],
    ...unsigned && service !== undefined ? ['--unsigned signs nothing and --service says for what to sign: give one of them'] : [],
    ...model !== undefined && split?.model !== undefined && model !== split.model
      ? [`the address names the model ${JSON.stringify(split.model)} and --model ${JSON.stringify(model)}: give one of them`] : [],
    ...(['region', 'profile'] as const).flatMap((name) => (options[name] === undefined || signs || address === undefined ? []
      : [`--${name} has no effect, because requests to ${address.host} are not signed: leave it out, or give --service`])),
    ...signs && region === undefined ? ['the address does not name a Region: give --region, or set AWS_REGION'] : [],
  ];
  const signing = { service: (service ?? known?.service) as SigningService, region: region!, ...profile === undefined ? {} : { profile } };
  const endpoint = split && { ...split, ...model === undefined ? {} : { model }, ...signs ? { signing } : {} };
  return { endpoint, problems };
}

function addressProblems(given: string | undefined, address: URL | undefined): string[] {
  const wanted = 'the address of an endpoint, such as https://abc.lambda-url.eu-west-1.on.aws or http://localhost:8501';
  if (given === undefined) {
    return [`give ${wanted}`];
  }
  if (address === undefined || !['http:', 'https:'].includes(address.protocol)) {
    return [`${JSON.stringify(given)} must be ${wanted}`];
  }
  return [
    ...address.username || address.password ? ['the address has a user name or a password, which is not sent: leave it out'] : [],
    ...address.search || address.hash ? [`${JSON.stringify(given)} has a query or a fragment, which no request would have: leave it out`] : [],
  ];
}
