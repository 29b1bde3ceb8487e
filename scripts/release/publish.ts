import type { Registry } from './registries';

/** Runs publib's program of a registry. Throws if it fails. */
export type RunPublib = (registry: Registry, options: { readonly dryRun: boolean }) => void;

/**
 * Publishes to the registries, in their order, after a dry run of each: a published version cannot be taken back, so a program, an identity or a repository
 * that the last registry lacks must be known before the first one has the version.
 *
 * @throws with what is published and what is not, if a registry fails
 */
export function publishTo(registries: readonly Registry[], publib: RunPublib): void {
  registries.forEach((registry) => attempt(registry, () => publib(registry, { dryRun: true }), 'nothing was published'));
  registries.forEach((registry, index) => {
    const [done, left] = [registries.slice(0, index), registries.slice(index)].map((some) => some.map(({ language }) => language).join(', '));
    attempt(registry, () => publib(registry, { dryRun: false }), `published: ${done || 'nothing'}; not published: ${left}. Mend the cause and run the same `
    + 'command on this commit again: publib skips what is published. If the mending needs a commit, release the next version for all languages');
  });
}

function attempt({ program }: Registry, work: () => void, state: string): void {
  try {
    work();
  } catch (error) {
    throw new Error(`${program}: ${(error as Error).message}\n${state}`, { cause: error });
  }
}
