// Runs checks beside each other, with concurrently: counts what they test, measures their processor time, and ends those that hang.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Writable } from 'node:stream';
import { root } from '../setup/environment.mjs';

const MINUTES = 30;
const SECONDS_TO_CLEAN_UP = 30;
const TIME = /^processor time: ([\d.]+) ([\d.]+)$/m;
const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });

/**
 * Runs checks, at most `atOnce` at a time, and shows each when it ends.
 *
 * @param checks What to run: a `name`; a `command`, as a list of words; `minutes`, after which it is ended with its children; `env` and `cwd`;
 *   `count`, which counts tests by the check's output. Without it, the output's last `N passed, N failed` counts, or the check itself as one.
 * @param options `atOnce`; `logs`, the directory where the output of each is written while it runs; `quiet`, to show the output of failures only.
 * @returns The results: `name`, `passed`, `failed`, `skipped`, `seconds`, `processorSeconds`.
 */
export async function runChecks(checks, { atOnce = 2, logs, quiet = false } = {}) {
  const directory = logs ?? mkdtempSync(join(tmpdir(), 'checks-'));
  mkdirSync(directory, { recursive: true });
  const logOf = ({ name }) => join(directory, `${name.replaceAll('/', '-')}.log`);
  // Every lane of checks has handlers of its own.
  process.setMaxListeners(0);
  // Installed by the set-up, which comes after the imports of a script.
  const { concurrently } = await import('concurrently');
  const limited = checks.map((check) => withLimit(check, logOf(check)));
  const { commands, result } = concurrently(limited, { maxProcesses: atOnce, outputStream: nowhere(), cwd: root });
  const results = [];
  commands.forEach((command, index) => {
    const check = checks[index];
    const announce = () => logs && process.stdout.write(`▸ ${check.name}: ${relative(root, logOf(check))}\n`);
    // The first have been started already.
    if (command.pid) {
      announce();
    } else {
      command.timer.subscribe(({ endDate }) => endDate ?? announce());
    }
    let times = '';
    command.stderr.subscribe((text) => (times += text));
    command.close.subscribe(({ exitCode, timings }) => {
      const output = existsSync(logOf(check)) ? readFileSync(logOf(check), 'utf8') : '';
      const counted = resultOf(check, output, times, exitCode, timings.durationSeconds);
      process.stdout.write(`${counted.failed ? '✗' : '✓'} ${summary(counted)}\n${quiet && !counted.failed ? '' : output}`);
      results[index] = counted;
    });
  });
  let interrupted = false;
  // concurrently passes these signals on, to the children of the checks too.
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.once(signal, () => (interrupted = true)));
  // It is rejected where a check failed.
  await result.catch(() => undefined);
  if (!logs) {
    rmSync(directory, { recursive: true });
  }
  if (interrupted) {
    process.exit(130);
  }
  return results;
}

/**
 * Runs checks and shows the output of those that fail. Checks of the same command run one after another, because they share its cache.
 *
 * @param checks The title of each, its command, its arguments, its environment, and its directory (default: the repository).
 */
export async function runInLanes(checks) {
  const named = checks.map(([name, command, args, env, cwd]) => ({ name, command: [command, ...args], env, cwd }));
  const commands = [...new Set(checks.map(([, command]) => command))];
  const results = await Promise.all(commands.map((wanted) => runChecks(named.filter(({ command }) => command[0] === wanted), { atOnce: 1, quiet: true })));
  return results.flat();
}

/** Prints a line for each result, and `N passed, N failed` for all, alone on the last line. Returns the exit code. */
export function conclude(results) {
  const total = (field) => results.reduce((sum, result) => sum + result[field], 0);
  process.stdout.write(`\n${results.map((result) => `${result.failed ? '✗' : '✓'} ${summary(result)}\n`).join('')}`
    + `${Math.round(total('processorSeconds'))} s of processor time\n${total('passed')} passed, ${total('failed')} failed\n`);
  return total('failed') > 0 ? 1 : 0;
}

/** Limits the time of a check. Its output goes to a file: a process that outlives the check would keep a pipe open, and the check would never end. */
function withLimit({ name, command, minutes = MINUTES, env, cwd = root }, log) {
  const limited = ['timeout', `--kill-after=${SECONDS_TO_CLEAN_UP}`, String(Math.ceil(minutes * 60)), ...command].map(quoted).join(' ');
  return { name, cwd, env: { ...process.env, ...env }, command: `bash -c ${quoted(`TIMEFORMAT='processor time: %U %S'; time ${limited} > ${quoted(log)} 2>&1`)}` };
}

function quoted(word) {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function resultOf({ name, count = lastTally, minutes = MINUTES }, output, times, exitCode, seconds) {
  const [, user, system] = TIME.exec(times) ?? [undefined, 0, 0];
  let counted;
  try {
    counted = count(output) ?? (exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
  } catch {
    counted = { passed: 0, failed: 0 };
  }
  // A check that dies, or that finds no test, has failed, whatever it counted.
  const died = (exitCode !== 0 && counted.failed === 0) || counted.passed + counted.failed === 0;
  // GNU timeout's exit codes; the second is also that of a check which SIGKILL ended.
  const problem = exitCode === 124 || (exitCode === 137 && seconds >= minutes * 60) ? 'ended, because it had not come to its end in its time' : undefined;
  return {
    skipped: [], ...counted, name, failed: counted.failed + (died ? 1 : 0), problem,
    seconds: Math.round(seconds), processorSeconds: Number(user) + Number(system),
  };
}

function lastTally(output) {
  const [, passed, failed] = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1) ?? [];
  return passed === undefined ? undefined : { passed: Number(passed), failed: Number(failed) };
}

function summary({ name, passed, failed, skipped, seconds, processorSeconds, problem }) {
  return `${name}: ${passed} passed, ${failed} failed${skipped.length ? `, ${skipped.length} skipped` : ''} (${seconds} s, `
    + `${processorSeconds.toFixed(0)} s of processor time)${problem ? `: ${problem}` : ''}`;
}
