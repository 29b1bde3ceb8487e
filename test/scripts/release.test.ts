import { spawnSync } from 'child_process';
import { createHash } from 'crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { billProblems, checksums, provenance, releaseNotes } from '../../scripts/release/documents';
import { publibOf } from '../../scripts/release/publib';
import { publishTo } from '../../scripts/release/publish';
import { missingCredentials, REGISTRIES } from '../../scripts/release/registries';
import type { ReleaseState } from '../../scripts/release/release-problems';
import { releaseProblems, smallestNext } from '../../scripts/release/release-problems';

const CHANGELOG = '# Changelog\n\n## Unreleased\n\n## 1.1.0 - 2026-11-24\n\n### Added\n\n- More.\n\n## 1.0.0 - 2026-10-01\n\n- All.\n';

const ready: ReleaseState = {
  version: '1.1.0', lockVersion: '1.1.0', changelog: CHANGELOG, pages: { 'README.md': '# Install it' }, isShallow: false, uncommitted: [], released: ['1.0.0'], commits: ['feat(function): more'],
};

describe('a release', () => {
  test('has no problem when version, changelog and commits agree', () => {
    expect(releaseProblems(ready)).toEqual([]);
  });

  test('may be the first one, whatever its version', () => {
    expect(releaseProblems({ ...ready, released: [], version: '1.0.0', lockVersion: '1.0.0' })).toEqual([]);
  });

  test.each<[string, Partial<ReleaseState>, RegExp]>([
    ['files that are not committed', { uncommitted: ['lib/index.ts'] }, /not committed: lib\/index.ts/],
    ['a clone without its history', { isShallow: true }, /earlier releases are unknown: run `git fetch --unshallow --tags`/],
    ['a page that denies the release', { pages: { 'README.md': '# Install', 'docs/a.md': 'The packages are not\npublished yet.' } }, /^docs\/a.md: still says/],
    ['a version that is none', { version: '1.1' }, /must be three numbers, such as 1.2.3, got "1.1"/],
    ['another version in the lock file', { lockVersion: '1.0.0' }, /package-lock.json has version 1.0.0, package.json 1.1.0/],
    ['a version that is released', { released: ['1.0.0', '1.1.0'] }, /must be above 1.1.0/],
    ['a version below a released one, compared as numbers', { released: ['1.10.0', '1.9.0'] }, /must be above 1.10.0/],
    ['a version too small for a breaking change', { commits: ['feat(function)!: other'] }, /must be 2.0.0 or more.*since 1.0.0, got 1.1.0/],
    ['a changelog without the version', { changelog: '# Changelog\n\n## Unreleased\n' }, /no section "## 1.1.0 - <date>"/],
    ['a section without a date', { changelog: CHANGELOG.replace(' - 2026-11-24', ' - soon') }, /head the section "## 1.1.0 - <date>"/],
    ['a section that says nothing', { changelog: '## Unreleased\n\n## 1.1.0 - 2026-11-24\n\n### Added\n' }, /says nothing of 1.1.0/],
    ['entries that were not moved', { changelog: CHANGELOG.replace('Unreleased\n', 'Unreleased\n\n- Left.\n') }, /still has entries under Unreleased/],
  ])('is refused for %s', (_, change, problem) => {
    expect(releaseProblems({ ...ready, ...change })).toEqual([expect.stringMatching(problem)]);
  });

  test('is refused with all problems at once', () => {
    expect(releaseProblems({ ...ready, lockVersion: '0.0.0', uncommitted: ['a'], changelog: '' })).toHaveLength(3);
  });
});

describe('the next version', () => {
  test.each<[string, [number, number, number], string[], [number, number, number]]>([
    ['a fix', [1, 2, 3], ['fix: x'], [1, 2, 4]],
    ['a feature', [1, 2, 3], ['fix: x', 'feat(a): y'], [1, 3, 0]],
    ['a breaking change by its mark', [1, 2, 3], ['refactor(a)!: y'], [2, 0, 0]],
    ['a breaking change by its footer', [1, 2, 3], ['fix: x\n\nWhy.\n\nBREAKING CHANGE: y'], [2, 0, 0]],
    ['a feature before 1.0.0', [0, 2, 3], ['feat: y'], [0, 2, 4]],
    ['a breaking change before 1.0.0', [0, 2, 3], ['feat!: y'], [0, 3, 0]],
  ])('follows from %s', (_, last, commits, expected) => {
    expect(smallestNext(last, commits)).toEqual(expected);
  });
});

describe('the documents of a release', () => {
  const files = [{ path: 'go/go.mod', sha256: 'a'.repeat(64) }, { path: 'js/package.tgz', sha256: 'b'.repeat(64) }];

  test('have checksums that sha256sum verifies', () => {
    const directory = mkdtempSync(join(tmpdir(), 'release-'));
    writeFileSync(join(directory, 'package.tgz'), 'bytes');
    const sums = (text: string) => checksums([{ path: 'package.tgz', sha256: createHash('sha256').update(text).digest('hex') }]);
    const verify = (text: string) => spawnSync('sha256sum', ['--check', '--status'], { cwd: directory, input: sums(text) }).status;
    expect([verify('bytes'), verify('others')]).toEqual([0, 1]);
    rmSync(directory, { recursive: true });
  });

  test('say what the changelog says of the version, and before its release what is unreleased', () => {
    expect(releaseNotes(CHANGELOG, '1.1.0')).toBe('### Added\n\n- More.\n');
    expect(releaseNotes('## Unreleased\n\n- Soon.\n\n## 1.0.0 - 2026-10-01\n\n- All.\n', '1.1.0')).toBe('- Soon.\n');
  });

  test('are refused where a bill of materials names nothing', () => {
    expect(billProblems({ 'npm.cdx.json': { components: [{ name: 'tslib' }] }, 'crates.cdx.json': { components: [] }, 'python.cdx.json': {} })).toEqual([
      'crates.cdx.json names no component', 'python.cdx.json names no component',
    ]);
    expect(billProblems({})).toEqual(['there is no bill of materials']);
  });

  test('name each file with its digest, and the commit', () => {
    const statement = provenance(files, { version: '1.1.0', repository: 'https://example.com/us/it.git', commit: 'c0ffee' });
    expect(statement).toMatchObject({
      subject: [{ name: 'go/go.mod', digest: { sha256: 'a'.repeat(64) } }, { name: 'js/package.tgz' }],
      predicate: { buildDefinition: { resolvedDependencies: [{ uri: 'git+https://example.com/us/it.git@c0ffee', digest: { gitCommit: 'c0ffee' } }] } },
    });
  });
});

describe('the settings that publib needs', () => {
  test('are named for each registry if the environment has none of them', () => {
    expect(REGISTRIES.flatMap((registry) => missingCredentials(registry, {}))).toEqual([
      'publib-npm needs NPM_TOKEN, or NPM_TRUSTED_PUBLISHER in the environment',
      'publib-pypi needs TWINE_USERNAME and TWINE_PASSWORD, or PYPI_TRUSTED_PUBLISHER in the environment',
      'publib-maven needs MAVEN_USERNAME and MAVEN_PASSWORD and MAVEN_GPG_PRIVATE_KEY and MAVEN_GPG_PRIVATE_KEY_PASSPHRASE in the environment',
      'publib-golang needs GITHUB_TOKEN, or GIT_USE_SSH in the environment',
    ]);
  });

  test('are complete if one alternative is complete', () => {
    const [, pypi] = REGISTRIES;

    expect(missingCredentials(pypi, { TWINE_USERNAME: 'a' })).toHaveLength(1);
    expect(missingCredentials(pypi, { TWINE_USERNAME: 'a', TWINE_PASSWORD: 'b' })).toEqual([]);
  });
});

describe('publishing', () => {
  const all = REGISTRIES.map(({ language }) => language);
  /** Publishes, and returns what publib did, as `dry` or `real` and the language. */
  const published = (fails: (run: string) => boolean = () => false) => {
    const runs: string[] = [];
    const publish = () => publishTo(REGISTRIES, ({ language }, { dryRun }) => {
      const run = `${dryRun ? 'dry' : 'real'} ${language}`;
      if (fails(run)) {
        throw new Error('exit code 1');
      }
      runs.push(run);
    });
    return { runs, publish };
  };

  test('begins when the dry run of each registry has succeeded', () => {
    const { runs, publish } = published();

    publish();
    expect(runs).toEqual([...all.map((language) => `dry ${language}`), ...all.map((language) => `real ${language}`)]);
  });

  test('publishes nothing if the dry run of the last registry fails', () => {
    const { runs, publish } = published((run) => run === 'dry Go');

    expect(publish).toThrow('publib-golang: exit code 1\nnothing was published');
    expect(runs.filter((run) => run.startsWith('real'))).toEqual([]);
  });

  test('says what is published and how to go on if a registry fails', () => {
    const { runs, publish } = published((run) => run === 'real Java');

    expect(publish).toThrow(/^publib-maven: exit code 1\npublished: TypeScript, Python; not published: Java, Go\. .*run the same command on this commit again/);
    expect(runs).not.toContain('real Go');
  });

  describe('with publib', () => {
    let home: string;
    const { HOME } = process.env;

    beforeEach(() => {
      home = mkdtempSync(join(tmpdir(), 'home-'));
      process.env.HOME = home;
      writeFileSync(join(home, '.npmrc'), 'proxy=mine');
      mkdirSync(join(home, 'js'));
      writeFileSync(join(home, 'js', 'package.tgz'), '');
      // publib-npm begins so, and with a file beside the packages as publib-pypi leaves it.
      writeFileSync(join(home, 'publib-npm'), '#!/bin/sh\necho token > ~/.npmrc\necho "$PUBLIB_DRYRUN $VERSION" > "$1/package.tgz.signed"\n[ "$NPM_TOKEN" = good ]\n');
      chmodSync(join(home, 'publib-npm'), 0o755);
    });

    afterEach(() => {
      process.env.HOME = HOME;
      delete process.env.NPM_TOKEN;
      rmSync(home, { recursive: true, force: true });
    });

    test("leaves the user's settings of npm as they are, and keeps no token", () => {
      process.env.NPM_TOKEN = 'good';

      publibOf(home, home, '1.1.0')(REGISTRIES[0], { dryRun: false });
      expect(readFileSync(join(home, '.npmrc'), 'utf8')).toBe('proxy=mine');
      expect(readFileSync(join(home, 'js', 'package.tgz.signed'), 'utf8')).toBe('false 1.1.0\n');
      expect(readdirSync(home).sort()).toEqual(['.npmrc', 'js', 'publib-npm']);
    });

    test('leaves nothing of a dry run beside the packages', () => {
      process.env.NPM_TOKEN = 'good';

      publibOf(home, home, '1.1.0')(REGISTRIES[0], { dryRun: true });
      expect(readdirSync(join(home, 'js'))).toEqual(['package.tgz']);
    });

    test('fails if publib does', () => {
      process.env.NPM_TOKEN = 'bad';

      expect(() => publibOf(home, home, '1.1.0')(REGISTRIES[0], { dryRun: false })).toThrow('failed (1)');
    });
  });
});
