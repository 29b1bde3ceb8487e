import type { Assembly } from '../package/public-api-use';

/**
 * What of the public API has no sentence of its own: types, members and parameters without a summary, and optional properties of structs
 * that do not say what is without them.
 */
export function undocumented(assembly: Assembly): string[] {
  return Object.values(assembly.types).flatMap((type) => {
    // What overrides a member is documented there.
    const members = [...type.methods ?? [], ...type.properties ?? [], ...type.members ?? []].filter((member) => member.overrides === undefined);
    return [
      ...(type.docs?.summary ? [] : [`${type.name} has no sentence`]),
      ...members.filter(({ docs }) => !docs?.summary).map(({ name }) => `${type.name}.${name} has no sentence`),
      ...members.flatMap((member) => (member.parameters ?? []).filter(({ docs }) => !docs?.summary)
        .map(({ name }) => `${type.name}.${member.name} does not say what its parameter ${name} is`)),
      ...(type.datatype ? members.filter(({ optional, docs }) => optional && !docs?.default).map(({ name }) => `${type.name}.${name} has no @default`) : []),
    ];
  });
}
