// Counts the tests of each kind of runner, and judges what they skip.
import { readFileSync } from 'node:fs';

/** Skips that leave nothing untested, by the test's reason, or by its name if the tool has no reasons. */
const KNOWN_SKIPS = [
  // A Python version that only other machines have; the installed ones are tested.
  /: this host has no Python [\w./]+$/,
  // Go is no prerequisite. Where it is missing, TensorFlow Serving's Python client and @grpc/grpc-js still ask the server.
  /: no Go on the PATH to compile grpcurl and ghz$/,
  // A busy machine, where a figure of the replayed recommendation is outside its limits: only a quiet one decides.
  /: others took \d+% of the processors' time, and rounds differ [\d.]+ times, so \w+ is the machine's$/,
];

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
export function countCargo(output) {
  const summaries = [...output.matchAll(/^test result: .* (\d+) passed; (\d+) failed; /gm)];
  const sum = (group) => summaries.reduce((total, summary) => total + Number(summary[group]), 0);
  const skipped = [...output.matchAll(/^test (.+) \.\.\. ignored(?:, (.*))?$/gm)];
  return { passed: sum(1), failed: sum(2), skipped: skipped.map(([, name, reason]) => (reason ? `${name}: ${reason}` : name)) };
}

function unescape(text) {
  const characters = { amp: '&', lt: '<', gt: '>', quot: '"', '#10': '\n' };
  return text.replace(/&(amp|lt|gt|quot|#10);/g, (_, name) => characters[name]);
}
