// `npm run lint`: runs every static check, even after one has failed.
import { delimiter, join } from 'node:path';
import { conclude, runInLanes } from '../checks/run.mjs';
import { withDependencies } from '../server/dependencies.mjs';
import { tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { nativeChecks } from './native.mjs';

await setUp({ programs: [] });
const bin = (name) => join(tools, 'python', 'bin', name);
const nativeTests = ['server/tests', 'server/tests/text', 'server/tests/server', 'server/tests/server/attack', 'server/tests/server/replay', 'server/tests/clients', 'server/tests/openapi', 'runtime/handler/tests', 'test/contract'].join(delimiter);
const checks = [
  ['.jsiirc and package.json agree', 'node', ['scripts/lint/jsiirc.mjs', '--check']],
  ['conventional commits', 'node', ['scripts/lint/commits.mjs']],
  ['ESLint', 'npx', ['eslint', '--max-warnings', '0', '.']],
  ['TypeScript', 'npx', ['tsc', '--noEmit', '-p', 'tsconfig.dev.json']],
  ['TypeScript of the page, for browsers', 'npx', ['tsc', '-p', 'cli/open/page/dom']],
  ['ruff', bin('ruff'), ['check', '.']],
  ['ruff format', bin('ruff'), ['format', '--check', '.']],
  ['import-linter', bin('lint-imports'), ['--no-cache'], { PYTHONPATH: ['lab/emulator', 'optimizer', 'runtime/build_runner', 'runtime/rollout_waiter', 'runtime/model_delivery', 'runtime/handler', 'runtime/shared'].map((room) => `${room}/src`).join(delimiter) }],
  ['mypy: optimizer', bin('mypy'), ['optimizer/src']],
  ['mypy: shared', bin('mypy'), ['runtime/shared/src']],
  ['mypy: handler', bin('mypy'), ['runtime/handler/src']],
  ['mypy: build runner', bin('mypy'), ['runtime/build_runner/src']],
  ['mypy: rollout waiter', bin('mypy'), ['runtime/rollout_waiter/src']],
  ['mypy: model delivery', bin('mypy'), ['runtime/model_delivery/src']],
  ['mypy: emulator', bin('mypy'), ['lab/emulator/src']],
  ['mypy: schedules', bin('mypy'), ['test/delivery/schedules'], { MYPYPATH: 'test/delivery/schedules' }],
  ['mypy: stand-ins', bin('mypy'), ['lab/stand_ins/stand_in_server', 'lab/stand_ins/stand_in_registry', 'lab/stand_ins/stand_in_runtime_api']],
  ['mypy: benchmark', bin('mypy'), ['lab/benchmark']],
  ["TypeScript's types of the documents are up to date", 'node', ['scripts/api/document-types.mjs', '--check']],
  ['figures are drawn from the results', bin('python'), ['lab/benchmark/figures/run.py', '--check']],
  // Each directory has a conftest.py; what they share is found by name, as the tests find it.
  ['mypy: native', bin('mypy'), ['--follow-imports=silent', 'server/tests', '--exclude', 'server/tests/server'], { MYPYPATH: nativeTests }],
  ['mypy: native server', bin('mypy'), ['--follow-imports=silent', 'server/tests/server'], { MYPYPATH: nativeTests }],
  ['mypy: instance', bin('mypy'), ['runtime/instance/src']],
  ...await nativeChecks(),
];

process.exit(conclude(await withDependencies(() => runInLanes(checks))));
