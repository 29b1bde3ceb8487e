import { spawnSync } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const directory = mkdtempSync(join(tmpdir(), 'counts-'));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Evaluates an expression in scripts/test/counts.mjs. */
function evaluate(expression: string): unknown {
  const program = `import * as counts from ${JSON.stringify(join(ROOT, 'scripts', 'test', 'counts.mjs'))};
console.log(JSON.stringify(await ${expression}));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('skipped tests', () => {
  test('of Cargo are counted over all test programs, and named with their reasons', () => {
    const output = [
      '     Running unittests src/lib.rs (target/debug/deps/model_server-1)',
      'test rest::reads_numbers ... ok',
      'test rest::needs_a_library ... ignored, LITERT_LIBRARY is not set',
      'test rest::slow ... ignored',
      'test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s',
      '     Running tests/contract.rs (target/debug/deps/contract-2)',
      'test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s',
    ].join('\n');

    expect(evaluate(`counts.countCargo(${JSON.stringify(output)})`))
      .toEqual({ passed: 7, failed: 1, skipped: ['rest::needs_a_library: LITERT_LIBRARY is not set', 'rest::slow'] });
  });

  test('of pytest are counted, and named with their reasons', () => {
    const file = join(directory, 'junit.xml');
    writeFileSync(file, '<testsuites><testsuite name="pytest" errors="1" failures="1" skipped="2" tests="6" time="1">'
      + '<testcase classname="a.b" name="test_good" time="0.1" />'
      + '<testcase classname="a.b" name="test_&lt;it&gt;[&quot;x&quot;]" time="0.1"><skipped type="pytest.skip" message="needs root &amp; more">f.py:1: needs</skipped></testcase>'
      + '<testcase classname="a.b" name="test_two" time="0.1"><skipped type="pytest.skip" message="this host has no Python 3.11">f.py:1</skipped></testcase>'
      + '</testsuite></testsuites>');
    expect(evaluate(`counts.countJunit(${JSON.stringify(file)})`)).toEqual({
      passed: 2, failed: 2, skipped: ['test_<it>["x"]: needs root & more', 'test_two: this host has no Python 3.11'],
    });
  });

  test('of jest are counted and named', () => {
    const file = join(directory, 'jest.json');
    writeFileSync(file, JSON.stringify({
      numPassedTests: 1, numFailedTests: 1, numRuntimeErrorTestSuites: 1,
      testResults: [{ assertionResults: [{ status: 'passed', fullName: 'a' }, { status: 'failed', fullName: 'b' }, { status: 'pending', fullName: 'c d' }] }],
    }));
    expect(evaluate(`counts.countJest(${JSON.stringify(file)})`)).toEqual({ passed: 1, failed: 2, skipped: ['c d'] });
  });

  test('leave something untested, unless the reason says that only another machine has what they need', () => {
    const busy = "test_p99[function]: others took 12% of the processors' time, and rounds differ 3.1 times, so p99 is the machine's";
    const skips = [busy, 'test_two[3.11]: this host has no Python 3.11', 'test_image[system]: this host has no Python /usr/bin/python3', 'test_boot: needs root', 'a unit passes'];
    expect(evaluate(`counts.unexplained(${JSON.stringify(skips)})`)).toEqual(['test_boot: needs root', 'a unit passes']);
  });
});
