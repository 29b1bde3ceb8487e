// `npm run native -- licences`: writes the notices of all crates in the native runtime; with --check only reports whether they are outdated.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../setup/environment.mjs';
import { crate, PROCESSORS, rust } from './rust.mjs';

const file = join(crate, 'THIRD-PARTY-LICENSES.txt');

const { target } = PROCESSORS.x86_64;

/**
 * Returns the crates that are compiled into a program, without macros, build and test dependencies. They are the same for each processor.
 * `cargo metadata` knows their paths, but also lists other crates; `cargo tree` lists only these.
 */
async function compiledCrates() {
  const { env } = await rust({ exact: true });
  const cargo = (...args) => run('cargo', [...args, '--quiet', '--locked', '--all-features'], { cwd: crate, env });
  const tree = await cargo('tree', '--edges', 'normal,no-proc-macro', '--target', target, '--prefix', 'none', '--format', '{p}');
  const compiled = new Set(tree.split('\n').map((line) => /^(\S+) v(\S+)/.exec(line)?.slice(1).join(' ')));
  const { packages } = JSON.parse(await cargo('metadata', '--format-version', '1', '--filter-platform', target));
  return packages.filter(({ name, version, source }) => source !== null && compiled.has(`${name} ${version}`));
}

function notices({ manifest_path: manifest }) {
  const directory = dirname(manifest);
  const names = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile() && /^(licen[cs]e|copying|notice|copyright)/i.test(entry.name));
  return names.map(({ name }) => name).sort().map((name) => readFileSync(join(directory, name), 'utf8').replaceAll('\r\n', '\n').trim());
}

async function text() {
  const crates = (await compiledCrates()).sort((left, right) => (left.name < right.name ? -1 : 1));
  const users = new Map();
  crates.forEach((crate) => notices(crate).forEach((notice) => users.set(notice, [...users.get(notice) ?? [], `${crate.name} ${crate.version}`])));
  return [
    'The native runtime is compiled from these crates, under these licences:',
    crates.map(({ name, version, license }) => `  ${name} ${version}: ${license}`).join('\n'),
    ...[...users].map(([notice, names]) => `${'='.repeat(80)}\n${names.join(', ')}\n${'='.repeat(80)}\n\n${notice}`),
  ].join('\n\n').concat('\n');
}

const wanted = await text();
if (!process.argv.includes('--check')) {
  writeFileSync(file, wanted);
} else if (readFileSync(file, 'utf8') !== wanted) {
  process.stderr.write('server/THIRD-PARTY-LICENSES.txt is out of date: run `npm run native -- licences`\n');
  process.exit(1);
}
