// Fails if the npm package lacks something that the library or Construct Hub needs, or contains files that users do not need.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';
import { unpublishedPrograms } from '../server/programs.mjs';
import { root } from '../setup/environment.mjs';

const REQUIRED = [
  '.jsii', 'LICENSE', 'README.md', 'package.json', 'build/lib/index.js', 'build/lib/index.d.ts',
  'optimizer/requirements.txt', 'optimizer/uv-requirements.txt', 'optimizer/conversion/onnx.txt', 'optimizer/conversion/jax.txt', 'optimizer/pyproject.toml', 'optimizer/src/tensorflow_optimizer/__main__.py',
  'optimizer/src/tensorflow_optimizer/report/templates/report.html',
  'runtime/handler/src/index.py', 'runtime/build_runner/src/index.py', 'runtime/build_runner/src/model_builds/versions/record.schema.json', 'runtime/instance/src/boot.py', 'runtime/rollout_waiter/src/index.py', 'runtime/model_delivery/src/index.py',
  'runtime/shared/src/cdk_tensorflow_shared/__init__.py',
  'runtime/layer/numpy/requirements.txt', 'runtime/layer/native/requirements.txt', 'server/THIRD-PARTY-LICENSES.txt',
  'cli/dist/cdk-tensorflow.js', 'cli/dist/page.html', 'cli/dist/THIRD-PARTY-LICENSES.txt',
];

/** The native runtime's programs, for each processor of Lambda. */
const PROGRAMS = ['x86_64', 'arm64'].flatMap((processor) => ['bootstrap', 'model_server'].map((name) => [`server/dist/${processor}/${name}`, processor]));

const FORBIDDEN = [
  /(^|\/)tests?\//, /__pycache__|\.pyc$/,
  /^(emulator|examples|scripts|benchmark|\.tools|server\/fuzz)\//, /^cli\/(?!dist\/)/, /^build\/(?!lib\/)/, /\.tsbuildinfo$/,
];

const { stdout, status, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
if (status !== 0) {
  process.stderr.write(stderr);
  process.exit(1);
}
const parsed = JSON.parse(stdout);
const [{ files }] = Array.isArray(parsed) ? parsed : Object.values(parsed);
const own = files.map(({ path }) => path).filter((path) => !path.startsWith('node_modules/'));
const { constructHubProblems } = await tsImport('./construct-hub.ts', import.meta.url);
const { staleFiles } = await tsImport('./stale-files.ts', import.meta.url);
const { programProblems } = await tsImport('../../lib/bundling/shared-objects.ts', import.meta.url);
const json = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
const problems = [
  ...constructHubProblems(json('package.json'), json('.jsii'), own),
  ...PROGRAMS.flatMap(([path, processor]) => own.includes(path)
    ? programProblems(join(root, path), { name: processor }).map((problem) => `has a program that cannot run: ${problem}`)
    : [`lacks ${path}: run \`npm run native -- build\``]),
  ...unpublishedPrograms().map((path) => `carries ${path}, compiled for development or from another source: run \`npm run native -- build\``),
  ...REQUIRED.filter((path) => !own.includes(path)).map((path) => `lacks ${path}`),
  ...own.filter((path) => FORBIDDEN.some((pattern) => pattern.test(path))).map((path) => `carries ${path}`),
  ...staleFiles(own, (path) => existsSync(join(root, path))).map((path) => `carries ${path}, whose source is gone: delete build/ and build again`),
  ...(files.some(({ path }) => path.startsWith('node_modules/@aws-cdk/aws-lambda-python-alpha/')) ? [] : ['lacks the bundled @aws-cdk/aws-lambda-python-alpha']),
];
process.stdout.write(problems.length ? `${problems.map((problem) => `the package ${problem}`).join('\n')}\n` : `${own.length} files of our own\n`);
process.exit(problems.length ? 1 : 0);
