import { spawnSync } from 'child_process';
import { createHash } from 'crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { join, relative } from 'path';
import { ROOT } from '../repository';
import type { Bill, PublishedFile } from './documents';
import { billProblems, checksums, provenance, releaseNotes } from './documents';
import { publibOf } from './publib';
import { publishTo } from './publish';
import type { Registry } from './registries';
import { missingCredentials, REGISTRIES } from './registries';
import { releaseProblems } from './release-problems';

/**
 * npm run release [-- --dry-run]  checks the repository, builds the packages and the release's documents, lists what would be published
 * npm run release -- --publish    the same, and publishes if nothing prevents it
 */
const DIST = join(ROOT, 'dist');
/** Notes, checksums, bills of materials and provenance: what a release on the repository's host has beside the packages. */
const DOCUMENTS = join(DIST, 'release');
const TOOLS = join(__dirname, 'node_modules', '.bin');
const OLDEST_NODE_FOR_PUBLIB = 22;

function execute(command: string, args: string[]): void {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) {
    throw new Error(`${[command, ...args].join(' ')} failed (${status})`);
  }
}

function git(...args: string[]): string {
  return spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' }).stdout;
}

function version(file: string): string {
  return (JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as { version: string }).version;
}

function problems(publishing: boolean): string[] {
  const tags = git('tag', '--merged', 'HEAD', '--list', 'v*', '--sort=version:refname').split('\n').filter(Boolean);
  const range = tags.length ? [`${tags.at(-1)}..HEAD`] : ['HEAD'];
  return [
    ...releaseProblems({
      isShallow: git('rev-parse', '--is-shallow-repository').trim() === 'true',
      pages: Object.fromEntries(git('ls-files', '*.md').split('\n').filter(Boolean).map((page) => [page, readFileSync(join(ROOT, page), 'utf8')])),
      version: version('package.json'),
      lockVersion: version('package-lock.json'),
      changelog: readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'),
      uncommitted: git('status', '--porcelain').split('\n').filter(Boolean).map((line) => line.slice(3)),
      released: tags.map((tag) => tag.slice(1)),
      commits: git('log', '--format=%B%x00', ...range).split('\0').map((message) => message.trim()).filter(Boolean),
    }),
    ...(publishing ? REGISTRIES.flatMap((registry) => missingCredentials(registry, process.env)) : []),
    ...(publishing && Number(process.versions.node.split('.')[0]) < OLDEST_NODE_FOR_PUBLIB
      ? [`publib needs Node.js ${OLDEST_NODE_FOR_PUBLIB} or newer, and this is ${process.version}`] : []),
  ];
}

/** Returns the files of a package that publib would publish. */
function published({ target }: Registry): string[] {
  const kept = { js: /\.tgz$/, python: /\.(whl|tar\.gz)$/, java: /\.(jar|pom)$/, go: /(^|\/)go\.mod$/ }[target]!;
  return readdirSync(join(DIST, target), { recursive: true, encoding: 'utf8' }).filter((name) => kept.test(name)).map((name) => relative(ROOT, join(DIST, target, name)));
}

/** Writes what belongs to a release beside its packages. */
function writeDocuments(): void {
  const files: PublishedFile[] = REGISTRIES.flatMap(published).sort().map((file) => ({
    path: relative('dist', file), sha256: createHash('sha256').update(readFileSync(join(ROOT, file))).digest('hex'),
  }));
  const { version: current, repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string; repository: { url: string } };
  const statement = provenance(files, { version: current, repository: repository.url, commit: git('rev-parse', 'HEAD').trim() });
  const documents = {
    'RELEASE-NOTES.md': releaseNotes(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'), current),
    'SHA256SUMS': checksums(files),
    'provenance.intoto.json': `${JSON.stringify(statement, undefined, 2)}\n`,
  };
  rmSync(DOCUMENTS, { recursive: true, force: true });
  mkdirSync(DOCUMENTS);
  Object.entries(documents).forEach(([name, text]) => writeFileSync(join(DOCUMENTS, name), text));
  execute(process.execPath, [join(__dirname, 'bills-of-materials.mjs'), DOCUMENTS]);
  const bills = readdirSync(DOCUMENTS).filter((name) => name.endsWith('.cdx.json'));
  const wrong = billProblems(Object.fromEntries(bills.map((name) => [name, JSON.parse(readFileSync(join(DOCUMENTS, name), 'utf8')) as Bill])));
  if (wrong.length) {
    throw new Error(wrong.join('\n'));
  }
  process.stdout.write(`for the release on the repository's host:\n${readdirSync(DOCUMENTS).map((name) => `  dist/release/${name}\n`).join('')}`);
}

function main(): void {
  const unknown = process.argv.slice(2).filter((argument) => !['--publish', '--dry-run'].includes(argument));
  const publishing = process.argv.includes('--publish');
  if (unknown.length || (publishing && process.argv.includes('--dry-run'))) {
    throw new Error(`unknown: ${process.argv.slice(2).join(' ')}; there is --publish, and --dry-run, which is the default`);
  }
  const found = problems(publishing);
  found.forEach((problem) => process.stdout.write(`✗ ${problem}\n`));
  if (publishing && found.length) {
    throw new Error('nothing was published');
  }

  // Here and not in CI, because it compiles everything a second time.
  execute('npm', ['run', '--silent', 'native', '--', 'reproducible']);
  execute('npm', ['run', '--silent', 'package', '--', ...REGISTRIES.flatMap(({ target }) => ['--target', target])]);
  execute('npm', ['run', '--silent', 'docs', '--', 'api']);
  execute('npm', ['run', '--silent', 'compat']);
  execute('npm', ['run', '--silent', 'package', '--', 'check']);

  process.stdout.write('dist/api has the API reference of Python, Java and Go: attach it to the release\n');
  for (const registry of REGISTRIES) {
    process.stdout.write(`${registry.language}, by ${registry.program}:\n${published(registry).map((file) => `  ${file}\n`).join('')}`);
  }
  // The tests generate the package for .NET, but without a .NET SDK it is not published.
  process.stdout.write('.NET: not published\n');
  writeDocuments();
  if (publishing) {
    publishTo(REGISTRIES, publibOf(TOOLS, DIST, version('package.json')));
    execute('git', ['tag', '--annotate', `v${version('package.json')}`, '--message', `Release ${version('package.json')}`]);
    process.stdout.write(`published, and tagged v${version('package.json')} in this clone: push the tag, then \`npm run compat -- --renew\`\n`);
  } else {
    process.stdout.write(`nothing was published: this was a rehearsal, with ${found.length} problem${found.length === 1 ? '' : 's'}\n`);
    process.exitCode = found.length ? 1 : 0;
  }
}

try {
  main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
