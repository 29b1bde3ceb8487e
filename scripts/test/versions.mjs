// `npm run test:versions -- peers`: tests the library with the newest aws-cdk-lib in its peer range that this machine can install.
// `npm run test:versions -- node`: tests the library under the other supported versions of Node.js.
// Both run jest, including `cdk synth` of the example app; `-- test/function` runs only these files, `-- --all` every file.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root, run, tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';

const OTHER_NODES = ['22', '24'];

/** One or two files of each path: templates, the command line, bundling on the host. */
const REPRESENTATIVE = [
  'test/example-app', 'test/function/model-function', 'test/function/runtime-layer-build.slow', 'test/kubernetes/service-stack', 'test/fleet/model-fleet',
  'test/optimization/build-provider',
];

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** A directory where npm can install packages outside this repository's lock file. */
function emptyPackage(name) {
  const directory = join(tools, 'versions', name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name, private: true }));
  return directory;
}

/** Installs the newest `node` of a major version, from its npm package. */
async function installNode(major) {
  const directory = emptyPackage(`node-${major}`);
  const [platform, architecture] = [process.platform, process.arch];
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', `node-${platform}-${architecture}@${major}`], { cwd: directory });
  const program = join(directory, 'node_modules', `node-${platform}-${architecture}`, 'bin', 'node');
  return { program, version: spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.trim() };
}

/** A copy of the working tree with the same installed packages, except for the newest aws-cdk-lib. */
async function treeWithNewestCdk() {
  const directory = emptyPackage('peers');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const files = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).stdout.split('\0').filter((file) => existsSync(join(root, file)));
  files.filter(Boolean).forEach((file) => cpSync(join(root, file), join(directory, file)));
  // The override keeps the Go package of the oldest aws-cdk-lib buildable; the newest one needs other releases.
  const { overrides: _overrides, ...unrestricted } = manifest;
  writeFileSync(join(directory, 'package.json'), JSON.stringify(unrestricted, null, 2));
  await run('cp', ['-al', join(root, 'node_modules'), join(directory, 'node_modules')]);
  symlinkSync(tools, join(directory, '.tools'));
  // git ignores the programs, which the set-up creates.
  const programs = join('server', 'dist');
  if (existsSync(join(root, programs))) {
    symlinkSync(join(root, programs), join(directory, programs));
  }
  return { directory, version: await installNewestCdk(directory) };
}

/** Installed separately and moved: npm cannot resolve it next to packages for the oldest version. */
async function installNewestCdk(directory) {
  const alone = emptyPackage('aws-cdk-lib');
  const { 'aws-cdk-lib': library, constructs } = manifest.peerDependencies;
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', `aws-cdk-lib@${library}`, `constructs@${constructs}`], { cwd: alone });
  const installed = readdirSync(join(alone, 'node_modules')).filter((name) => !name.startsWith('.'))
    .flatMap((name) => (name.startsWith('@') ? readdirSync(join(alone, 'node_modules', name)).map((rest) => `${name}/${rest}`) : [name]));
  for (const name of installed) {
    rmSync(join(directory, 'node_modules', name), { recursive: true, force: true });
    cpSync(join(alone, 'node_modules', name), join(directory, 'node_modules', name), { recursive: true });
  }
  return JSON.parse(readFileSync(join(directory, 'node_modules', 'aws-cdk-lib', 'package.json'), 'utf8')).version;
}

/** Runs jest with a Node.js in a tree; its output ends with `N passed, N failed`. */
function jest(title, node, directory, patterns) {
  const started = Date.now();
  return new Promise((resolve) => {
    const child = spawn(node, [join(directory, 'node_modules', 'jest', 'bin', 'jest.js'), ...patterns, '--selectProjects', 'unit', 'replacing'], {
      cwd: directory,
      // For child processes named `node`, e.g. of npx.
      env: { ...process.env, PATH: [join(node, '..'), join(tools, 'uv', 'bin'), process.env.PATH].join(delimiter) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => {
      const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? ['', '0', '1'];
      // A run that crashes or finds no test has failed, whatever the counts.
      const counted = { passed: Number(passed), failed: Math.max(Number(failed), code !== 0 || Number(passed) === 0 ? 1 : 0) };
      process.stdout.write(`${counted.failed ? output : ''}${counted.failed ? '✗' : '✓'} ${title}: ${counted.passed} passed, ${counted.failed} failed (${Math.round((Date.now() - started) / 1000)} s)\n`);
      resolve(counted);
    });
  });
}

const [leg, ...args] = process.argv.slice(2);
if (!['peers', 'node'].includes(leg)) {
  process.stderr.write(`unknown ${JSON.stringify(leg)}: peers or node\n`);
  process.exit(2);
}
const patterns = args.includes('--all') ? [] : args.length ? args : REPRESENTATIVE;
const total = { passed: 0, failed: 0 };
const add = ({ passed, failed }) => {
  total.passed += passed;
  total.failed += failed;
};
try {
  await setUp();
  if (leg === 'peers') {
    const { directory, version } = await treeWithNewestCdk();
    add(await jest(`aws-cdk-lib ${version}`, process.execPath, directory, patterns));
  } else {
    for (const major of OTHER_NODES) {
      const { program, version } = await installNode(major);
      add(await jest(`Node.js ${version}`, program, root, patterns));
    }
  }
} catch (error) {
  process.stdout.write(`${error.message}\n`);
  total.failed += 1;
} finally {
  rmSync(join(tools, 'versions', 'peers'), { recursive: true, force: true });
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed ? 1 : 0;
