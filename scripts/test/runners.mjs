// A test runner of `npm test`: a process with a log file and a time limit, whose tests are counted at the end.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Skips that leave nothing untested, by the test's reason, or by its name if the tool has no reasons. */
const KNOWN_SKIPS = [
  // A Python version that only other machines have; the installed ones are tested.
  /: this host has no Python [\w./]+$/,
  // Go is no prerequisite. Where it is missing, TensorFlow Serving's Python client and @grpc/grpc-js still ask the server.
  /: no Go on the PATH to compile grpcurl and ghz$/,
];

const running = new Set();
let ending = false;

/** Sends a signal to every runner and its children, and starts no more. */
export function endRunners(signal) {
  ending = true;
  running.forEach((child) => endGroup(child, signal));
}

function endGroup({ pid }, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has already ended.
  }
}

export function logFile(results, name) {
  return join(results, `${name}.log`);
}

/**
 * Runs one runner until it ends or the deadline passes.
 *
 * @param runner Its name, its command, and the function that counts its tests.
 * @param options The directory for its log, the deadline (as Date.now()), and the options of `spawn`.
 * @returns Its name, the numbers of passed and failed tests, skipped tests as `name: reason`, and its duration in seconds.
 */
export function execute(runner, { results, deadline, ...options }) {
  return new Promise((resolve) => {
    if (ending) {
      return; // never resolved: this process is about to end
    }
    const started = Date.now();
    const log = openSync(logFile(results, runner.name), 'w+');
    const [command, ...args] = runner.command;
    // In its own process group, so that its children end with it.
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
  // A runner that crashes or finds no test has failed, whatever the counts.
  const died = (code !== 0 && result.failed === 0) || result.passed + result.failed === 0;
  return died ? { ...result, failed: result.failed + 1, died } : result;
}

/** Returns the skips that leave something untested. */
export function unexplained(skipped) {
  return skipped.filter((skip) => !KNOWN_SKIPS.some((known) => known.test(skip)));
}

/** Counts tests in pytest's JUnit XML. */
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

/** Counts tests in jest's JSON. */
export function countJest(file) {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults } = JSON.parse(readFileSync(file, 'utf8'));
  const skipped = testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => !['passed', 'failed'].includes(status));
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped: skipped.map(({ fullName }) => fullName) };
}

/** Counts tests in Cargo's output: a summary for each test program, and a line for each test. */
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
