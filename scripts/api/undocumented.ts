import type { Assembly } from '../package/public-api-use';

/**
 * Returns the public API without documentation: types, members and parameters without a summary, and optional properties of structs without a
 * default.
 */
export function undocumented(assembly: Assembly): string[] {
  return Object.values(assembly.types).flatMap((type) => {
    // The overridden member has the documentation.
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
