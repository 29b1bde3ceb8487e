// `npm test`: sets up, runs every test runner, and prints `N passed, N failed` for all.
// `npm test -- jest handler` runs only these; `npm test -- --list` lists them. With --slow, as `npm run test:slow`, it runs what takes too long
// for every change. With --complete a skipped test fails, unless KNOWN_SKIPS in counts.mjs says why nothing is left untested.
import { rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { conclude, runChecks } from '../checks/run.mjs';
import { tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { unexplained } from './counts.mjs';
import { LONE_RUNNERS, results, RUNNERS, SLOW_RUNNERS } from './suites.mjs';
import { makeTemporaryDirectory } from './temporary-directory.mjs';

const AT_ONCE = 3;

/** Several times the usual duration, so that it ends only runners that hang; less than `.ci/run` gives all of them together. */
const LIMIT_MINUTES = 60;

function ownTemporaryDirectory() {
  const directory = makeTemporaryDirectory();
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function main() {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const every = [...RUNNERS, ...SLOW_RUNNERS, ...LONE_RUNNERS];
  const known = every.map((runner) => runner.name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (process.argv.includes('--list') || unknown.length > 0) {
    process.stdout.write(`${unknown.length ? `unknown: ${unknown.join(', ')}; known: ` : ''}${known.join(' ')}\n`);
    process.exit(unknown.length ? 2 : 0);
  }
  await setUp({ tests: true });
  // The repository's own uv comes first, so that tests behave alike everywhere. The end-to-end tests record what roles do.
  const env = {
    RECORDED_CALLS: join(results, 'calls'), PATH: [join(tools, 'uv', 'bin'), process.env.PATH].join(delimiter),
    TMPDIR: process.env.TMPDIR ?? ownTemporaryDirectory(), TF_CPP_MIN_LOG_LEVEL: '2',
  };
  rmSync(results, { recursive: true, force: true });
  const unnamed = process.argv.includes('--slow') ? SLOW_RUNNERS : RUNNERS;
  const runners = wanted.length > 0 ? every.filter(({ name }) => wanted.includes(name)) : unnamed;
  const checks = runners.map((runner) => ({ minutes: LIMIT_MINUTES, ...runner, env: { ...env, ...runner.env } }));
  const all = await runChecks(checks, { atOnce: AT_ONCE, logs: results });
  const skips = all.flatMap(({ name, skipped }) => skipped.map((skip) => `  skipped in ${name}: ${skip}`));
  const unproven = process.argv.includes('--complete') ? unexplained(skips) : [];
  process.stdout.write(`\n${[
    ...skips,
    ...(unproven.length ? ['--complete: skipped, and so not proven here; run as root, on a machine with the tools that the reasons name:', ...unproven] : []),
  ].join('\n')}\n`);
  process.exitCode = conclude([...all, ...(unproven.length ? [{ name: 'skipped', passed: 0, failed: unproven.length, skipped: [], seconds: 0, processorSeconds: 0 }] : [])]);
}

main().catch((error) => {
  process.stdout.write(`${error.message}\n0 passed, 1 failed\n`);
  process.exitCode = 1;
});
