// `node scripts/release/bills-of-materials.mjs DIRECTORY`: writes the bills of materials of a release in CycloneDX, each by its ecosystem's own tool: what
// the packages bring of npm, of crates and of Python. They are the same in each run and clone.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crate, PROCESSORS, rust } from '../server/rust.mjs';
import { once, root, run, tools } from '../setup/environment.mjs';
import { lockedTool } from '../setup/locked-tool.mjs';

const CARGO_CYCLONEDX = '0.5.9';
/** Requirements that CodeBuild and the layers of functions install. */
const PYTHON = {
  'optimizer': 'optimizer/requirements.txt',
  'layer-native': 'runtime/layer/native/requirements.txt',
  'layer-numpy': 'runtime/layer/numpy/requirements.txt',
};

/** Returns a document without what differs from run to run. */
function reproducible({ serialNumber: _, metadata: { timestamp: __, ...metadata }, ...rest }) {
  return { ...rest, metadata };
}

/** The packages that npm installs with the library, and those of which its command has code. */
async function ofNpm() {
  const bom = JSON.parse(await run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'library', '--package-lock-only']));
  // npm names it after the directory.
  [bom.metadata.component.name] = bom.metadata.component['bom-ref'].split('@');
  const notices = readFileSync(join(root, 'cli', 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  const bundled = new Set(notices.match(/^ {2}\S+ \S+(?=:)/gm)?.map((line) => line.trim().replace(' ', '@')));
  if (bundled.size === 0) {
    throw new Error('cli/dist/THIRD-PARTY-LICENSES.txt lists no package in the form that scripts/package/command.mjs gave it');
  }
  const isInstalled = ({ properties = [] }) => !properties.some(({ name }) => name === 'cdx:npm:package:development');
  const components = bom.components.filter((component) => bundled.has(component['bom-ref']) || isInstalled(component));
  const kept = new Set([bom.metadata.component['bom-ref'], ...components.map(({ 'bom-ref': id }) => id)]);
  const dependencies = bom.dependencies.filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((id) => kept.has(id)) }));
  return JSON.stringify({ ...bom, components, dependencies });
}

async function ofCrates() {
  const { env } = await rust({ exact: true });
  const installed = join(tools, 'cargo-cyclonedx');
  const install = () => run('cargo', ['install', '--quiet', '--locked', '--root', installed, `cargo-cyclonedx@${CARGO_CYCLONEDX}`], { env });
  await once('cargo-cyclonedx', [import.meta.filename], installed, install);
  const name = 'bill-of-materials';
  try {
    await run(join(installed, 'bin', 'cargo-cyclonedx'), [
      'cyclonedx', '--format', 'json', '--spec-version', '1.5', '--all-features', '--no-build-deps', '--target', PROCESSORS.x86_64.target,
      '--override-filename', name,
    ], { cwd: crate, env });
    // It names the crate by its path on this machine.
    return readFileSync(join(crate, `${name}.json`), 'utf8').replaceAll(`path+file://${crate}`, 'path+file:///server');
  } finally {
    rmSync(join(crate, `${name}.json`), { force: true });
  }
}

async function ofPython(lock) {
  const cyclonedx = await lockedTool('cyclonedx-py', join(root, 'scripts', 'release', 'cyclonedx-py.txt'));
  const directory = mkdtempSync(join(tmpdir(), 'bill-of-materials-'));
  try {
    const file = join(directory, 'bom.json');
    await run(cyclonedx, ['requirements', '--output-reproducible', '--spec-version', '1.5', '--output-file', file, lock]);
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const texts = { npm: await ofNpm(), crates: await ofCrates() };
for (const [name, lock] of Object.entries(PYTHON)) {
  texts[`python-${name}`] = await ofPython(lock);
}
for (const [name, text] of Object.entries(texts)) {
  writeFileSync(join(process.argv[2], `${name}.cdx.json`), `${JSON.stringify(reproducible(JSON.parse(text)), undefined, 2)}\n`);
}
