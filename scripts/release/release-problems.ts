/** State of the repository before a release. */
export interface ReleaseState {
  /** From package.json. */
  readonly version: string;
  /** From package-lock.json. */
  readonly lockVersion: string;
  readonly changelog: string;
  /** Documents for users, by their paths. */
  readonly pages: Record<string, string>;
  /** True if the clone lacks old commits, and so their tags. */
  readonly isShallow: boolean;
  /** Files that differ from the last commit. */
  readonly uncommitted: string[];
  /** Released versions, without the tag's `v`. */
  readonly released: string[];
  /** Full messages of the commits since the last release. */
  readonly commits: string[];
}

type Version = [major: number, minor: number, patch: number];

/** Returns everything that prevents the release of this version. */
export function releaseProblems(state: ReleaseState): string[] {
  const version = parse(state.version);
  if (version === undefined) {
    return [`version in package.json must be three numbers, such as 1.2.3, got ${JSON.stringify(state.version)}`];
  }
  return [
    ...(state.lockVersion === state.version ? [] : [`package-lock.json has version ${state.lockVersion}, package.json ${state.version}: run \`npm install --package-lock-only\``]),
    ...(state.uncommitted.length ? [`not committed: ${state.uncommitted.join(', ')}`] : []),
    ...(state.isShallow ? ['the clone is shallow, so earlier releases are unknown: run `git fetch --unshallow --tags`'] : []),
    ...versionProblems(version, state),
    ...pageProblems(state),
    ...changelogProblems(state),
  ];
}

/**
 * Returns the smallest version that may follow the last release, by the commits since. Before 1.0.0, a breaking change increases the minor version.
 */
export function smallestNext(last: Version, commits: string[]): Version {
  const [major, minor, patch] = last;
  const breaks = commits.some((message) => /^[a-z]+(\([^)]*\))?!: |^BREAKING[ -]CHANGE: /m.test(message));
  const adds = commits.some((message) => /^feat(\([^)]*\))?!?: /.test(message));
  if (breaks) {
    return major === 0 ? [0, minor + 1, 0] : [major + 1, 0, 0];
  }
  return adds && major > 0 ? [major, minor + 1, 0] : [major, minor, patch + 1];
}

function versionProblems(version: Version, { released, commits }: ReleaseState): string[] {
  const known = released.map(parse).filter((it) => it !== undefined).sort(compare);
  const last = known.at(-1);
  if (last === undefined) {
    return [];
  }
  if (compare(version, last) <= 0) {
    return [`version ${version.join('.')} must be above ${last.join('.')}, which is released`];
  }
  const smallest = smallestNext(last, commits);
  return compare(version, smallest) < 0
    ? [`version must be ${smallest.join('.')} or more, for what was committed since ${last.join('.')}, got ${version.join('.')}`] : [];
}

/** README.md is part of the packages, which cannot be changed once they are published. */
function pageProblems({ pages }: ReleaseState): string[] {
  const denies = /\b(published|released)\s+yet\b|\bnot\s+yet\s+(published|released)\b/;
  const denying = Object.entries(pages).filter(([, text]) => denies.test(text)).map(([page]) => page);
  return denying.length ? [`${denying.join(', ')}: still says that there is no release: say how to install the packages`] : [];
}

function changelogProblems({ changelog, version }: ReleaseState): string[] {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.startsWith(`${version} `) || text.startsWith(`[${version}] `));
  const unreleased = sections.find((text) => text.startsWith('Unreleased'))?.split('\n').slice(1).join('').trim();
  return [
    ...(section === undefined ? [`CHANGELOG.md has no section "## ${version} - <date>": move there what is under Unreleased`] : []),
    ...(section !== undefined && !/^\S+ - \d{4}-\d{2}-\d{2}\n/.test(section) ? [`CHANGELOG.md must head the section "## ${version} - <date>", such as 2026-11-24`] : []),
    ...(section !== undefined && !/^\s*-/m.test(section.slice(section.indexOf('\n'))) ? [`CHANGELOG.md says nothing of ${version}`] : []),
    ...(unreleased ? ['CHANGELOG.md still has entries under Unreleased'] : []),
  ];
}

function parse(text: string): Version | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)$/.exec(text);
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : undefined;
}

function compare(first: Version, other: Version): number {
  return first[0] - other[0] || first[1] - other[1] || first[2] - other[2];
}
