import type { Recording, Statement } from './recording';

/** Permissions of a role, with names of constructs in the place of physical ids. */
export interface Grant {
  /** Owner of the role. */
  readonly who: string;
  readonly action: string;
  readonly resource: string;
}

/**
 * Compares what the roles of deployed stacks may do with what they did.
 *
 * Roles of the same owner count as one, in whatever stack: what one of them used is used.
 *
 * @param owner Names the owner of a role by its construct's path; undefined for a role that is not judged.
 * @returns What was granted, in order, and whether a request needed it.
 */
export function grantsAndUse(recordings: Iterable<Recording>, owner: (path: string) => string | undefined): (Grant & { isUsed: boolean })[] {
  const used = new Map<string, boolean>();
  for (const { stacks, requests } of recordings) {
    const all = Object.fromEntries(stacks.flatMap(({ resources }) => Object.entries(resources)).filter(([, path]) => path.includes('/')));
    for (const { resources, allowed } of stacks) {
      for (const [role, statements] of Object.entries(allowed)) {
        const who = owner(resources[role]);
        const done = requests.filter((request) => request.allowed && request.role === role);
        for (const [action, resource] of who === undefined ? [] : pairs(statements)) {
          const grant: Grant = { who: who!, action, resource: named(resource, all) };
          const isUsed = done.some((request) => matches(request.action, action) && matches(request.resource, resource));
          used.set(JSON.stringify(grant), isUsed || (used.get(JSON.stringify(grant)) ?? false));
        }
      }
    }
  }
  return [...used.keys()].sort().map((key) => ({ ...JSON.parse(key) as Grant, isUsed: used.get(key)! }));
}

/** Returns what no role has used, in order. */
export function unusedGrants(recordings: Iterable<Recording>, owner: (path: string) => string | undefined): Grant[] {
  return grantsAndUse(recordings, owner).filter(({ isUsed }) => !isUsed).map(({ who, action, resource }) => ({ who, action, resource }));
}

function pairs(statements: Statement[]): [action: string, resource: string][] {
  return statements.flatMap(({ Action, Resource }) => Action.flatMap((action) => Resource.map((resource): [string, string] => [action, resource])));
}

/** Texts that differ between deployments or models, each with its replacement. */
const VARYING: [RegExp, string][] = [
  [/^arn:aws:(\w+):[^:]*:[^:]*:/, '$1:'],
  [/cdk-\w+-assets-[\w-]+\/[0-9a-f]{64}/, '{assets}/…'],
  [/(?<=^states:execution:)[\w-]+(?=:\*$)/, '<delivery>'],
  [/:stack\/[^/]+\/[0-9a-f-]{36}$/, ':stack/…'],
  [/(?<=:secret:.+-)\w{6}$/, '…'],
  [/(?<=[}:]\/?|log-stream:)\w+-[0-9a-f]{8}(?=\/)/, '<model>'],
  [/(?<=log-stream:monitor\/|\/drift-reports\/)\w+(?=\/\*)/, '<model>'],
  [/(?<=\{Capture\/Bucket\}\/(?:errors\/)?)\w+(?=\/\*)/, '<model>'],
];

/** Replaces physical ids by the names of their constructs, and what else varies. */
export function named(arn: string, resources: Record<string, string>): string {
  const ids = Object.keys(resources).filter((id) => arn.includes(id)).sort((id, other) => other.length - id.length);
  const text = ids.reduce((rest, id) => rest.replaceAll(id, `{${construct(resources[id])}}`), arn);
  return VARYING.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}

/** The path of a construct below its stack, and below its endpoint, whose id is the app's. */
function construct(path: string): string {
  const below = path.replace(/\/Resource$/, '').split('/').slice(1);
  return (below.length > 1 && !below[0].startsWith('TensorFlow') ? below.slice(1) : below).join('/');
}

/** Matches as IAM does, where `*` stands for any text. */
function matches(value: string, pattern: string): boolean {
  const expression = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  return new RegExp(`^${expression}$`, 's').test(value);
}
