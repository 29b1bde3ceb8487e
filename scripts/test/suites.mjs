// The test runners of `npm test`, and those of `npm run test:slow`.
import { join } from 'node:path';
import { findChromium } from '../browser/chromium.mjs';
import { root, tools } from '../setup/environment.mjs';
import { countCargo, countJest, countJunit } from './counts.mjs';

const python = join(tools, 'python', 'bin', 'python');
export const results = join(root, '.tools', 'test-results');

const pytest = (name, directories, marks = 'not slow', left = []) => ({
  name,
  command: [python, '-m', 'pytest', ...directories, '-m', marks, ...left.map((directory) => `--ignore=${directory}`), '-q', '-o', `cache_dir=${join(results, `${name}-cache`)}`, `--junitxml=${join(results, `${name}.xml`)}`],
  count: () => countJunit(join(results, `${name}.xml`)),
});

const jest = (name, projects, ...args) => ({
  name,
  command: ['npx', 'jest', ...args, '--selectProjects', ...projects, '--json', `--outputFile=${join(results, `${name}.json`)}`],
  count: () => countJest(join(results, `${name}.json`)),
});

/** The longest, if nothing is compiled yet. */
const cargo = (name) => ({
  name,
  command: [process.execPath, 'scripts/server/cargo.mjs', 'test', '--no-fail-fast', '--features', 'fuzzing'],
  count: countCargo,
});

const browser = (name, file) => ({ name, command: [process.execPath, join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), file] });

/** The page of `cdk-tensorflow open`, and pages of other origins, where Chromium is installed, as `.ci/release` does. */
const BROWSER = [browser('page', 'test/page/run.mjs'), browser('cors', 'test/page/cors.mjs')];

/** Tests of what clients can do to the LiteRT server, and to a function of the native runtime. */
const ATTACKS = [
  'server/tests/server/attack',
  // Answers in the form that Triton's clients read.
  'server/tests/server/test_inference_grpc.py',
  // Deadlines of a function, events that nobody waits for, and images.
  'server/tests/test_native_process.py',
  'server/tests/test_native_images.py',
];

/** The longest of the optimizer's tests, most of which run whole jobs; a job's processes often wait for each other. */
const JOBS = ['attacks', 'candidates', 'pipeline', 'serving'].map((room) => `optimizer/tests/${room}`);

const UNIT = ['unit', 'replacing'];
const SLOW = '\\.slow\\.test\\.ts$';

/** Longest first. Three run at a time, although there are two processors: end-to-end tests wait for a third of their time. */
export const RUNNERS = [
  pytest('instance', ['runtime/instance/tests']),
  // A deployment that predicts, updates, a refusal, and the removal.
  jest('e2e', ['e2e'], '/function\\.test\\.ts$', '--runInBand'),
  pytest('optimizer', ['optimizer/tests'], 'not slow', JOBS),
  pytest('optimizer-jobs', JOBS),
  pytest('emulator', ['lab/emulator/tests']),
  cargo('native'),
  pytest('native-program', ['server/tests']),
  jest('jest', UNIT, '--testPathIgnorePatterns', SLOW),
  pytest('handler', ['runtime/handler/tests']),
  pytest('build-runner', ['runtime/build_runner/tests', 'runtime/shared/tests']),
  pytest('rollout-waiter', ['runtime/rollout_waiter/tests']),
  pytest('model-delivery', ['runtime/model_delivery/tests']),
  pytest('stand-ins', ['lab/stand_ins']),
  ...findChromium() ? BROWSER : [],
  pytest('manifests', ['test/kubernetes']),
];

/**
 * All end-to-end tests, because the last compares what all of them have recorded; of the others only what is marked.
 *
 * There, a new role can be used after 15 seconds, as AWS may take.
 */
export const SLOW_RUNNERS = [
  { ...jest('e2e-all', ['e2e'], '--runInBand'), env: { ROLE_DELAY: '15' }, minutes: 180 },
  // Ten thousand schedules of deliveries are one file.
  jest('jest-slow', UNIT, SLOW, '--testTimeout', '3600000'),
  pytest('optimizer-slow', ['optimizer/tests'], 'slow'),
  pytest('emulator-slow', ['lab/emulator/tests'], 'slow'),
  pytest('instance-slow', ['runtime/instance/tests'], 'slow'),
  pytest('build-runner-slow', ['runtime/build_runner/tests'], 'slow'),
  pytest('inference-clients', ['server/tests/server/test_inference_clients.py', 'server/tests/test_native_images.py'], 'slow'),
  pytest('openapi', ['server/tests/test_openapi_tools.py'], 'slow'),
  pytest('attack', ATTACKS, 'slow or not slow'),
  pytest('stand-ins-slow', ['lab/stand_ins'], 'slow'),
];

/** Run by name only, as `.ci/release` does when nothing else runs: other tests would take the processors' time that these measure. */
export const LONE_RUNNERS = [
  pytest('replay', ['server/tests/server/replay'], 'slow'),
];
