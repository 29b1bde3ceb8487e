// A test runner of `npm test`: a process that writes what it prints to a file while it runs, has a time limit, and is counted at its end.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Skips that prove nothing less: by the reason that the test gives, or by the test's name where its tool has no reasons. */
const KNOWN_SKIPS = [
  // A Python that only other machines have: what is promised is tested with those that are here.
  /: this host has no Python [\w./]+$/,
];

const running = new Set();
let ending = false;

/** Sends a signal to every runner and to what it started; none that comes after is started. */
export function endRunners(signal) {
  ending = true;
  running.forEach((child) => endGroup(child, signal));
}

function endGroup({ pid }, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

/** The file that gets what a runner prints. */
export function logFile(results, name) {
  return join(results, `${name}.log`);
}

/**
 * Runs one to its end, or to the deadline.
 *
 * @param runner Its name, its command, and what counts its tests afterwards.
 * @param options The directory for its log, when it must have ended (as Date.now()), and what `spawn` takes.
 * @returns Its name, how many tests passed and failed, the tests that were skipped as `name: reason`, and the seconds it took.
 */
export function execute(runner, { results, deadline, ...options }) {
  return new Promise((resolve) => {
    if (ending) {
      return; // never resolved: this process is about to end
    }
    const started = Date.now();
    const log = openSync(logFile(results, runner.name), 'w+');
    const [command, ...args] = runner.command;
    // A group of its own, so that what it started ends with it.
    const child = spawn(command, args, { ...options, stdio: ['ignore', log, log], detached: true });
    running.add(child);
    let problem;
    const limit = setTimeout(() => {
      problem = `ended after ${Math.round((Date.now() - started) / 1000)} s: it had not come to its end`;
      endGroup(child, 'SIGKILL');
    }, Math.max(0, deadline - started));
    const ended = (code) => {
      clearTimeout(limit);
      running.delete(child);
      closeSync(log);
      resolve({ name: runner.name, seconds: Math.round((Date.now() - started) / 1000), ...counted(runner, code), ...(problem ? { problem } : {}) });
    };
    child.on('error', (error) => {
      problem = error.message;
      ended(1);
    });
    child.on('exit', ended);
  });
}

function counted(runner, code) {
  let result;
  try {
    result = runner.count();
  } catch {
    result = { passed: 0, failed: 0, skipped: [] };
  }
  // A runner that dies, or that found no test, has failed whatever it counted.
  const died = (code !== 0 && result.failed === 0) || result.passed + result.failed === 0;
  return died ? { ...result, failed: result.failed + 1 } : result;
}

/** The skips that leave something unproven. */
export function unexplained(skipped) {
  return skipped.filter((skip) => !KNOWN_SKIPS.some((known) => known.test(skip)));
}

/** Counts what pytest wrote as JUnit XML. */
export function countJunit(file) {
  const text = readFileSync(file, 'utf8');
  const suites = [...text.matchAll(/<testsuite [^>]*>/g)].map(([tag]) => (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(tag)?.[1] ?? 0));
  const sum = (name) => suites.reduce((total, attribute) => total + attribute(name), 0);
  const failed = sum('failures') + sum('errors');
  const skipped = [...text.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*><skipped [^>]*message="([^"]*)"/g)];
  return {
    passed: sum('tests') - failed - sum('skipped'),
    failed,
    skipped: skipped.map(([, , name, reason]) => `${unescape(name)}: ${unescape(reason)}`),
  };
}

/** Counts what jest wrote as JSON. */
export function countJest(file) {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults } = JSON.parse(readFileSync(file, 'utf8'));
  const skipped = testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => !['passed', 'failed'].includes(status));
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped: skipped.map(({ fullName }) => fullName) };
}

/** Counts what Cargo's tests printed: a summary for each test program, and a line for each test. */
export function countCargo(file) {
  const text = readFileSync(file, 'utf8');
  const summaries = [...text.matchAll(/^test result: .* (\d+) passed; (\d+) failed; /gm)];
  const sum = (group) => summaries.reduce((total, summary) => total + Number(summary[group]), 0);
  const skipped = [...text.matchAll(/^test (.+) \.\.\. ignored(?:, (.*))?$/gm)];
  return { passed: sum(1), failed: sum(2), skipped: skipped.map(([, name, reason]) => (reason ? `${name}: ${reason}` : name)) };
}

function unescape(text) {
  const characters = { amp: '&', lt: '<', gt: '>', quot: '"', '#10': '\n' };
  return text.replace(/&(amp|lt|gt|quot|#10);/g, (_, name) => characters[name]);
}
