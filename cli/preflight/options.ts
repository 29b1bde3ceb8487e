import { parseArgs } from 'util';
import type { ArchitectureName, BuildMachine, Needs, PathName, ServerName } from './needs';
import { ARCHITECTURES, BUILD_MACHINES, PATH_NAMES, PATH_NEEDS, SERVERS } from './needs';

export interface PreflightOptions {
  readonly region?: string;
  readonly profile?: string;
  readonly qualifier?: string;
  readonly json: boolean;
  readonly paths: readonly PathName[];
  readonly needs: Needs;
}

const MACHINES = Object.keys(BUILD_MACHINES) as BuildMachine[];
const PROCESSOR_TYPES = Object.keys(ARCHITECTURES) as ArchitectureName[];

export const USAGE = `Usage: cdk-tensorflow preflight [options]

Asks an AWS account what would stand in the way of a deployment: bootstrap version, quotas, Availability Zones, the server's
image. It only reads, and costs nothing.

  --path PATH             ${PATH_NAMES.join(', ')} (repeatable): ModelFunction, ModelService, ModelFleet; all when absent
  --stack NAME            a stack that may exist already (repeatable): whether rollback is disabled for it
  --server SERVER         ${SERVERS.join(' or ')}, of pods and instances; ${SERVERS[0]} when absent
  --processors N          virtual processors that your pods and instances need at most, during updates too; when absent
                          ${PATH_NEEDS.service.processors} for a service and ${PATH_NEEDS.fleet.processors} for a fleet: two instances, a third
                          during an update, and two of a canary
  --addresses N           NAT gateways that will be created; when absent ${PATH_NEEDS.service.addresses} for a service (0 in a network that exists)
  --zones A,B             the Availability Zones to use, as \`-c zones=A,B\` of the example; the Region's first two when absent
  --compute-type TYPE     ${MACHINES.join(', ')}: CodeBuild's machine, as computeType; large when absent
  --architecture NAME     ${PROCESSOR_TYPES.join(' or ')}: of the machine that builds, as architecture; x86_64 when absent
  --qualifier NAME        of \`cdk bootstrap\`, if yours is not the CDK's own
  --region REGION         the environment's or the profile's when absent
  --profile NAME          a profile of the AWS configuration files; the environment's credentials when absent
  --json                  print {"account", "region", "findings": [{"subject", "result", "fact", "wayOut"}], "problems"}
  --help                  this text

Exit code: 0 if nothing stands in the way, 1 if something does, 2 if the options are wrong. What cannot be queried, for
example because a permission is missing, is printed with "?" and does not count.
`;

/** The options, as `parseArgs` and the completion of shells read them. */
export const OPTIONS = {
  'path': { type: 'string', multiple: true, default: [] as string[] },
  'stack': { type: 'string', multiple: true, default: [] as string[] },
  'server': { type: 'string', default: SERVERS[0] },
  'processors': { type: 'string' },
  'addresses': { type: 'string' },
  'zones': { type: 'string' },
  'compute-type': { type: 'string', default: 'large' },
  'architecture': { type: 'string', default: 'x86_64' },
  'qualifier': { type: 'string' },
  'region': { type: 'string' },
  'profile': { type: 'string' },
  'json': { type: 'boolean', default: false },
  'help': { type: 'boolean', default: false },
} as const;

/** Returns the options, or undefined if the help is wanted. Throws with all problems. */
export function parsePreflightOptions(args: string[]): PreflightOptions | undefined {
  const { values } = parseArgs({
    args,
    options: OPTIONS,
  });
  if (values.help) {
    return undefined;
  }
  const problems = [
    ...values.path.flatMap((path) => oneOf('--path', path, PATH_NAMES)),
    ...oneOf('--server', values.server, SERVERS),
    ...oneOf('--compute-type', values['compute-type'], MACHINES),
    ...oneOf('--architecture', values.architecture, PROCESSOR_TYPES),
    ...count('--processors', values.processors),
    ...count('--addresses', values.addresses),
    ...Object.entries(values).flatMap(([name, value]) => [value].flat().includes('') ? [`--${name} must have a value, got ""`] : []),
  ];
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
  const paths: readonly PathName[] = values.path.length > 0 ? PATH_NAMES.filter((path) => values.path.includes(path)) : PATH_NAMES;
  const sum = (name: 'processors' | 'addresses') => paths.reduce<number>((total, path) => total + PATH_NEEDS[path][name], 0);
  const { region, profile, qualifier, json } = values;
  return {
    region, profile, qualifier, json, paths,
    needs: {
      stacks: values.stack,
      processors: values.processors === undefined ? sum('processors') : Number(values.processors),
      addresses: values.addresses === undefined ? sum('addresses') : Number(values.addresses),
      image: values.server as ServerName === 'tensorflow_serving' && paths.some((path) => PATH_NEEDS[path].image),
      cluster: paths.includes('service'),
      zones: values.zones?.split(','),
      buildMachine: values['compute-type'] as BuildMachine,
      architecture: values.architecture as ArchitectureName,
    },
  };
}

function oneOf(option: string, value: string, allowed: readonly string[]): string[] {
  return allowed.includes(value) || value === '' ? [] : [`${option} must be one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`];
}

function count(option: string, value: string | undefined): string[] {
  return value === undefined || value === '' || /^\d{1,6}$/.test(value) ? [] : [`${option} must be a whole number from 0, got ${JSON.stringify(value)}`];
}
