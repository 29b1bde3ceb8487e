// `npm test`: sets up, runs every test runner, and prints `N passed, N failed` for all.
// `npm test -- jest handler` runs only these; `npm test -- --list` lists them. With --slow, as `npm run test:slow`, it runs what takes too long
// for every change. With --complete a skipped test fails, unless KNOWN_SKIPS in runners.mjs says why nothing is left untested. With --second-run
// what failed beside other runners runs once more, alone; what passes then is named at the end, and counts as passed.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { root, tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { endRunners, execute, logFile, unexplained } from './runners.mjs';
import { secondRun } from './second-run.mjs';
import { results, RUNNERS, SLOW_RUNNERS } from './suites.mjs';
import { makeTemporaryDirectory } from './temporary-directory.mjs';

const AT_ONCE = 3;

/** Common deadline, several times the usual duration, so that it ends only hanging runners. */
const LIMIT_MINUTES = 62;
const CLEANING_UP_MILLISECONDS = 3000;

function summary({ name, passed, failed, skipped, failedAtFirst }) {
  return `${name}: ${passed} passed, ${failed} failed${skipped.length ? `, ${skipped.length} skipped` : ''}`
    + (failedAtFirst ? `; ${failedAtFirst} had failed beside other runners: mend what depends on the machine's load` : '');
}

function show({ name, seconds, problem }) {
  process.stdout.write(`\n===== ${name} (${seconds} s) =====\n${readFileSync(logFile(results, name), 'utf8')}${problem ? `${name}: ${problem}\n` : ''}`);
}

function ownTemporaryDirectory() {
  const directory = makeTemporaryDirectory();
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Environment of each runner: the common deadline, a temporary directory, and the repository's own uv first, so that tests behave alike everywhere. */
function options() {
  // The end-to-end tests record there what roles do, also when they run a second time.
  const RECORDED_CALLS = join(results, 'calls');
  const TMPDIR = process.env.TMPDIR ?? ownTemporaryDirectory();
  const PATH = [join(tools, 'uv', 'bin'), process.env.PATH].join(delimiter);
  const env = { ...process.env, RECORDED_CALLS, PATH, TMPDIR, TF_CPP_MIN_LOG_LEVEL: '2' };
  return { results, deadline: Date.now() + LIMIT_MINUTES * 60_000, cwd: root, env };
}

/** Runs the runners until each ends or the deadline passes. */
async function executeAll(runners, given) {
  const all = [];
  const run = async (runner) => {
    process.stdout.write(`▸ ${runner.name}: started, ${relative(root, logFile(results, runner.name))}\n`);
    const result = await execute(runner, given);
    show(result);
    all.push({ runner, ...result });
  };
  const computing = runners.filter(({ mostlyWaits }) => !mostlyWaits);
  await Promise.all([
    ...runners.filter(({ mostlyWaits }) => mostlyWaits).map(run),
    ...Array.from({ length: AT_ONCE }, async () => {
      for (let runner = computing.shift(); runner; runner = computing.shift()) {
        await run(runner);
      }
    }),
  ]);
  return all;
}

/** Runs what failed once more, one runner at a time, and returns the results of both runs. */
async function executeFailedAgain(all, given) {
  const merged = [];
  for (const first of all) {
    const again = secondRun(first.runner, first);
    if (!again) {
      merged.push(first);
      continue;
    }
    process.stdout.write(`▸ ${first.name}: ${first.failed} failed; what failed runs once more, alone\n`);
    const second = await execute({ ...first.runner, command: again.command }, given);
    show(second);
    merged.push(again.merge(first, second));
  }
  return merged;
}

async function main() {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const every = [...RUNNERS, ...SLOW_RUNNERS];
  const known = every.map((runner) => runner.name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (process.argv.includes('--list') || unknown.length > 0) {
    process.stdout.write(`${unknown.length ? `unknown: ${unknown.join(', ')}; known: ` : ''}${known.join(' ')}\n`);
    process.exit(unknown.length ? 2 : 0);
  }
  await setUp({ tests: true });
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const given = options();
  const unnamed = process.argv.includes('--slow') ? SLOW_RUNNERS : RUNNERS;
  const first = await executeAll(wanted.length > 0 ? every.filter(({ name }) => wanted.includes(name)) : unnamed, given);
  const all = process.argv.includes('--second-run') ? await executeFailedAgain(first, given) : first;
  const skips = all.flatMap(({ name, skipped }) => skipped.map((skip) => `  skipped in ${name}: ${skip}`));
  const unproven = process.argv.includes('--complete') ? unexplained(skips) : [];
  process.stdout.write(`\n${[
    ...skips,
    ...(unproven.length ? ['--complete: skipped, and so not proven here; run as root, on a machine with the tools that the reasons name:', ...unproven] : []),
    ...all.map(summary),
  ].join('\n')}\n`);
  const total = (field) => all.reduce((sum, result) => sum + result[field], 0);
  const failed = total('failed') + unproven.length;
  process.stdout.write(`${total('passed')} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    endRunners('SIGINT');
    setTimeout(() => {
      endRunners('SIGKILL');
      process.exit(130);
    }, CLEANING_UP_MILLISECONDS);
  });
}

main().catch((error) => {
  process.stdout.write(`${error.message}\n0 passed, 1 failed\n`);
  process.exitCode = 1;
});
