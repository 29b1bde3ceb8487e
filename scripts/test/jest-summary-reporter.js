/** Last line of the run: `N passed, N failed`, alone. */
class SummaryReporter {
  onRunComplete(_contexts, results) {
    // A file that does not even load is one failure: its tests are not in numFailedTests.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    process.on('exit', () => process.stdout.write(`${results.numPassedTests} passed, ${failed} failed\n`));
  }
}
module.exports = SummaryReporter;
