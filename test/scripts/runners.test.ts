import { spawnSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const directory = mkdtempSync(join(tmpdir(), 'runners-'));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Evaluates an expression in scripts/test/runners.mjs. */
function evaluate(expression: string): unknown {
  const program = `import * as runners from ${JSON.stringify(join(ROOT, 'scripts', 'test', 'runners.mjs'))};
const results = ${JSON.stringify(directory)};
console.log(JSON.stringify(await ${expression}));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** Returns the kernel's state letter of a process: Z for a zombie. */
function stateOf(pid: string): string {
  return spawnSync('ps', ['-o', 'state=', '-p', pid], { encoding: 'utf8' }).stdout.trim();
}

describe('a runner of npm test', () => {
  const counting = (passed: number, failed: number) => `() => ({ passed: ${passed}, failed: ${failed}, skipped: [] })`;

  test('that sleeps is ended with its children, and fails', () => {
    const command = JSON.stringify(['sh', '-c', 'echo before; sleep 1000 & echo $!; wait']);
    const result = evaluate(`runners.execute({ name: 'sleeps', command: ${command}, count: () => { throw new Error() } }, { results, deadline: Date.now() + 500 })`);

    expect(result).toMatchObject({ name: 'sleeps', passed: 0, failed: 1, skipped: [], problem: expect.stringMatching(/^ended after \d+ s: it had not come to its end$/) });
    const [said, sleeper] = readFileSync(join(directory, 'sleeps.log'), 'utf8').split('\n');
    expect(said).toBe('before');
    expect(stateOf(sleeper)).toMatch(/^[ZX]?$/);
  });

  test.each([
    ['that ends well is what it counted', 'exit 0', counting(3, 0), { passed: 3, failed: 0 }],
    ['that dies has failed, whatever it counted', 'kill -9 $$', counting(3, 0), { passed: 3, failed: 1 }],
    ['that found no test has failed', 'exit 0', counting(0, 0), { passed: 0, failed: 1 }],
    ['whose tests failed is counted once', 'exit 1', counting(3, 2), { passed: 3, failed: 2 }],
  ])('%s', (_, script, count, expected) => {
    expect(evaluate(`runners.execute({ name: 'one', command: ['sh', '-c', '${script}'], count: ${count} }, { results, deadline: Date.now() + 60_000 })`))
      .toMatchObject(expected);
  });

  test('that does not exist fails, and says so', () => {
    expect(evaluate(`runners.execute({ name: 'none', command: ['/no/such/program'], count: ${counting(0, 0)} }, { results, deadline: Date.now() + 60_000 })`))
      .toMatchObject({ failed: 1, problem: expect.stringContaining('ENOENT') });
  });
});

describe('skipped tests', () => {
  test('of Cargo are counted over all test programs, and named with their reasons', () => {
    const file = join(directory, 'cargo.log');
    writeFileSync(file, [
      '     Running unittests src/lib.rs (target/debug/deps/model_server-1)',
      'test rest::reads_numbers ... ok',
      'test rest::needs_a_library ... ignored, LITERT_LIBRARY is not set',
      'test rest::slow ... ignored',
      'test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s',
      '     Running tests/contract.rs (target/debug/deps/contract-2)',
      'test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s',
    ].join('\n'));

    expect(evaluate(`runners.countCargo(${JSON.stringify(file)})`))
      .toEqual({ passed: 7, failed: 1, skipped: ['rest::needs_a_library: LITERT_LIBRARY is not set', 'rest::slow'] });
  });

  test('of pytest are counted, and named with their reasons', () => {
    const file = join(directory, 'junit.xml');
    writeFileSync(file, '<testsuites><testsuite name="pytest" errors="1" failures="1" skipped="2" tests="6" time="1">'
      + '<testcase classname="a.b" name="test_good" time="0.1" />'
      + '<testcase classname="a.b" name="test_&lt;it&gt;[&quot;x&quot;]" time="0.1"><skipped type="pytest.skip" message="needs root &amp; more">f.py:1: needs</skipped></testcase>'
      + '<testcase classname="a.b" name="test_two" time="0.1"><skipped type="pytest.skip" message="this host has no Python 3.11">f.py:1</skipped></testcase>'
      + '</testsuite></testsuites>');
    expect(evaluate(`runners.countJunit(${JSON.stringify(file)})`)).toEqual({
      passed: 2, failed: 2, skipped: ['test_<it>["x"]: needs root & more', 'test_two: this host has no Python 3.11'],
    });
  });

  test('of jest are counted and named', () => {
    const file = join(directory, 'jest.json');
    writeFileSync(file, JSON.stringify({
      numPassedTests: 1, numFailedTests: 1, numRuntimeErrorTestSuites: 1,
      testResults: [{ assertionResults: [{ status: 'passed', fullName: 'a' }, { status: 'failed', fullName: 'b' }, { status: 'pending', fullName: 'c d' }] }],
    }));
    expect(evaluate(`runners.countJest(${JSON.stringify(file)})`)).toEqual({ passed: 1, failed: 2, skipped: ['c d'] });
  });

  test('leave something untested, unless the reason says that only another machine has what they need', () => {
    const skips = ['test_two[3.11]: this host has no Python 3.11', 'test_image[system]: this host has no Python /usr/bin/python3', 'test_boot: needs root', 'a unit passes'];
    expect(evaluate(`runners.unexplained(${JSON.stringify(skips)})`)).toEqual(['test_boot: needs root', 'a unit passes']);
  });
});

describe('the second run of failed tests', () => {
  const secondRun = (runner: object, first: object, second: object) => evaluate(`(async () => {
    const { secondRun } = await import(${JSON.stringify(join(ROOT, 'scripts', 'test', 'second-run.mjs'))});
    const first = ${JSON.stringify({ skipped: [], seconds: 5, ...first })};
    const again = secondRun(${JSON.stringify(runner)}, first);
    return again ? { command: again.command, result: again.merge(first, ${JSON.stringify({ skipped: [], seconds: 2, ...second })}) } : {};
  })()`);

  test('runs only the failed tests of pytest, and adds what passes to what had passed', () => {
    expect(secondRun({ kind: 'pytest', command: ['pytest', 'tests'] }, { passed: 7, failed: 2 }, { passed: 1, failed: 1 })).toEqual({
      command: ['pytest', 'tests', '--last-failed', '--last-failed-no-failures', 'none'],
      result: { passed: 8, failed: 1, failedAtFirst: 2, skipped: [], seconds: 7 },
    });
  });

  test('runs the files of jest with failed tests, and counts no test twice', () => {
    const resultsFile = join(directory, 'jest.json');
    writeFileSync(resultsFile, JSON.stringify({ testResults: [
      { name: join(ROOT, 'test/good.test.ts'), status: 'passed', assertionResults: [{ status: 'passed' }] },
      { name: join(ROOT, 'test/bad.test.ts'), status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'passed' }, { status: 'failed' }] },
    ] }));
    const { command, result } = secondRun({ kind: 'jest', command: ['jest'], resultsFile }, { passed: 3, failed: 1 }, { passed: 3, failed: 0 }) as { command: string[]; result: object };

    expect(command).toEqual(['jest', '--runTestsByPath', expect.stringMatching(/test\/bad\.test\.ts$/)]);
    expect(result).toMatchObject({ passed: 4, failed: 0, failedAtFirst: 1 });
  });

  test.each([
    ['that had no failure', { passed: 3, failed: 0 }],
    ['that died, since nobody knows what it left untested', { passed: 3, failed: 1, died: true }],
    ['that was ended at its time limit', { passed: 3, failed: 1, problem: 'ended after 9 s' }],
  ])('is not for a runner %s', (_, first) => {
    expect(secondRun({ kind: 'pytest', command: ['pytest'] }, first, { passed: 1, failed: 0 })).toEqual({});
  });
});
