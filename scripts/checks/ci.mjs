// What `.ci/run` and `.ci/release` check, after the set-up.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { tools } from '../setup/environment.mjs';
import { makeTemporaryDirectory } from '../test/temporary-directory.mjs';
import { conclude, runChecks } from './run.mjs';

const npm = (name, minutes, ...words) => ({ name, minutes, command: ['npm', 'run', '--silent', ...words] });

/** Each list runs beside each other, two at a time, and after those before it. The minutes are several times what a check takes. */
const CHANGE = [
  [npm('build', 10, 'build')],
  [
    npm('lint', 20, 'lint'),
    npm('lock files are up to date', 15, 'lock', '--', '--check'),
    npm('API.md is up to date', 10, 'docs', '--', 'api', '--check'),
    npm('awslint', 10, 'lint', '--', 'api'),
    npm('native runtime for both processors', 45, 'native', '--', 'build'),
    npm('the API since the baseline', 10, 'compat'),
    npm('site of the documentation, without dead links', 10, 'docs'),
  ],
  // An example serves on arm64 with the program that was just compiled.
  [npm('documentation examples', 15, 'examples'), npm('package contents', 10, 'package', '--', 'check')],
  [npm('npm test', 65, 'test', '--', '--complete')],
  // A function and a fleet, by the genuine command line; `.ci/release` has the service, whose control plane takes a quarter of an hour to build.
  [npm('demo of a function', 15, 'demo', '--', '--path', 'function', '--strict'), npm('demo of a fleet', 15, 'demo', '--', '--path', 'fleet', '--strict')],
];

const RELEASE = [
  ...CHANGE,
  [npm('native runtime on arm64', 60, 'native', '--', 'arm64', '--strict'), npm('slow tests', 200, 'test:slow', '--', '--complete')],
  [npm('a recommendation, replayed', 20, 'test', '--', 'replay', '--complete')],
  // The newest supported version only: `npm run test:cluster` takes all, each of which a machine builds once, for some 15 minutes.
  [npm('Kubernetes control plane', 60, 'test:cluster', '--', '1.37'), npm('packages in four languages', 30, 'test:packages')],
  [npm('templates, state machines and policies', 30, 'lint', '--', 'templates'), npm('site of the documentation in Chromium', 10, 'docs', '--', '--browser')],
  [npm('workflows', 10, 'lint', '--', 'workflows')],
  [
    npm('demo of a model of texts', 15, 'demo', '--', '--example', 'spam', '--strict'),
    npm('demo of a table with categories', 15, 'demo', '--', '--example', 'penguins', '--strict'),
  ],
  // One client, three paths: it fails where a path answers a golden request otherwise than it may, and where one cannot be shown.
  [npm('demo of all paths', 20, 'demo', '--', '--path', 'all', '--strict')],
];

process.env.JSII_SILENCE_SUPPORT_WARNING = '1';
process.env.TMPDIR = makeTemporaryDirectory();
process.once('exit', () => rmSync(process.env.TMPDIR, { recursive: true, force: true }));

const lists = { change: CHANGE, release: RELEASE }[process.argv[2]];
if (!lists) {
  process.stderr.write(`unknown ${JSON.stringify(process.argv[2])}: change or release\n`);
  process.exit(2);
}
const results = [];
for (const checks of lists) {
  results.push(...await runChecks(checks, { logs: join(tools, 'ci-results') }));
}
process.exitCode = conclude(results);
