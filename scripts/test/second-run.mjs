// The second run of a runner's failed tests, alone on the machine: a test that depends on how busy the machine is fails once and passes then.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * Returns how to run what failed in a runner once more, or undefined where that cannot be said, because it died or was ended.
 *
 * @param runner Its `kind` (`pytest`, `jest` or `cargo`), its command, and the file with its results.
 * @param first What its first run counted.
 * @returns The command, and the function that makes one result of the first and the second.
 */
export function secondRun({ kind, command, resultsFile }, first) {
  if (first.failed === 0 || first.problem || first.died) {
    return undefined;
  }
  switch (kind) {
    case 'pytest':
      return { command: [...command, '--last-failed', '--last-failed-no-failures', 'none'], merge: added(first.passed) };
    case 'jest': {
      const failed = failedFiles(resultsFile);
      return failed.files.length === 0 ? undefined : {
        command: [...command, '--runTestsByPath', ...failed.files.map((file) => relative(process.cwd(), file))],
        // All tests of a file that failed run again, so those that passed in it must not count twice.
        merge: added(first.passed - failed.passed),
      };
    }
    default:
      return { command, merge: added(0) };
  }
}

/** The result of both runs, where so many tests that passed in the first do not run again. */
function added(passedBefore) {
  return (first, second) => ({
    ...second, skipped: first.skipped, seconds: first.seconds + second.seconds, passed: passedBefore + second.passed, failedAtFirst: first.failed,
  });
}

function failedFiles(resultsFile) {
  const failed = JSON.parse(readFileSync(resultsFile, 'utf8')).testResults.filter(({ status }) => status === 'failed');
  const passed = failed.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'passed').length;
  return { files: failed.map(({ name }) => name), passed };
}
