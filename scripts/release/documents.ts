/** File of a package, with its SHA-256. */
export interface PublishedFile {
  /** Relative to the directory of all packages. */
  readonly path: string;
  readonly sha256: string;
}

/** Place from which the packages were made. */
export interface ReleaseSource {
  readonly version: string;
  /** Address of the repository, as package.json has it. */
  readonly repository: string;
  readonly commit: string;
}

/** Returns the checksums, as `sha256sum --check` reads them. */
export function checksums(files: readonly PublishedFile[]): string {
  return files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('');
}

/** Returns what a changelog says of a version; before its release, what stands under Unreleased. */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split(/[\s\n]/)[0] === version) ?? sections.find((text) => text.startsWith('Unreleased')) ?? '';
  return `${section.slice(section.indexOf('\n') + 1).trim()}\n`;
}

/**
 * Returns what a machine can say of its own build: what was made, and of which commit. It is not signed, so it proves nothing; a registry's trusted
 * publisher makes the provenance that does.
 *
 * @see https://slsa.dev/spec/v1.0/provenance
 */
export function provenance(files: readonly PublishedFile[], { version, repository, commit }: ReleaseSource): object {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: files.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: `${repository.replace(/\.git$/, '')}/blob/${commit}/CONTRIBUTING.md`,
        externalParameters: { command: 'npm run release', version },
        resolvedDependencies: [{ uri: `git+${repository}@${commit}`, digest: { gitCommit: commit } }],
      },
      runDetails: { builder: { id: 'https://localhost/unattested' } },
    },
  };
}

/** Bill of materials in CycloneDX, as far as it is checked. */
export interface Bill {
  readonly components?: readonly { readonly name: string }[];
}

/** Returns what is wrong with bills of materials: one that names nothing comes of a tool that found no lock file, or read it otherwise. */
export function billProblems(bills: Readonly<Record<string, Bill>>): string[] {
  const names = Object.keys(bills);
  return names.length === 0 ? ['there is no bill of materials'] : names.filter((name) => !bills[name].components?.length).map((name) => `${name} names no component`);
}
