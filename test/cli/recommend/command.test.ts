import { spawnSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { ONE_PROCESSOR_MEBIBYTES } from '../../../cli/recommend/defaults';
import type { Measured } from '../../../cli/recommend/measured';
import { readMeasured } from '../../../cli/recommend/measured';
import { functionMemory, serverMemory } from '../../../cli/recommend/memory';
import { parseRecommendOptions } from '../../../cli/recommend/options';
import { readPrices } from '../../../cli/recommend/prices';

const ROOT = resolve(__dirname, '..', '..', '..');
const RECORDED = join(__dirname, 'recorded', 'digits.json');
const directory = mkdtempSync(join(tmpdir(), 'recommend-'));
const written = (name: string, content: object | string) => {
  writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
  return join(directory, name);
};
const manifest = JSON.parse(readFileSync(RECORDED, 'utf8')) as Record<string, unknown>;
const run = (...args: string[]) => spawnSync(process.execPath, ['--import', 'tsx', 'cli/main.ts', 'recommend', ...args], {
  cwd: ROOT, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: directory },
});

afterAll(() => rmSync(directory, { recursive: true }));

describe('what was measured', () => {
  test('is read from a manifest that a job wrote, or its directory', () => {
    expect(readMeasured(RECORDED)).toMatchObject({ model: 'digits', format: 'litert', architecture: 'x86_64', candidate: expect.any(String) });
    expect(readMeasured(RECORDED).latencyMilliseconds).toBe(manifest.latencyMilliseconds);
    written('draft.json', manifest);
    expect(readMeasured(directory)).toEqual(readMeasured(RECORDED));
  });

  test.each([
    ['s3://bucket/key', /must be on this machine, got s3:\/\/bucket\/key: copy the version's manifest.json with `aws s3 cp`/],
    ['/no/such', /"\/no\/such" does not exist/],
    [__dirname, /has neither manifest.json nor draft.json: give the --out directory/],
    [__filename, /is not JSON/],
  ])('is not in %s, and the error says what is', (artifact, problem) => {
    expect(() => readMeasured(artifact)).toThrow(problem);
  });

  test('of the model alone is its processor time, where the job measured that', () => {
    const { evaluation, defaultSignature } = manifest as { evaluation: { latencyMilliseconds: number }; defaultSignature: string };
    const alone = (runs: object) => readMeasured(written('runs.json', { ...manifest, runs })).callMilliseconds;
    expect([alone({}), alone({ [defaultSignature]: { rowMicroseconds: 20 } })]).toEqual([evaluation.latencyMilliseconds, 0.02]);
  });

  test('must have a latency, in a document of the optimizer', () => {
    expect(() => readMeasured(written('a.json', { ...manifest, latencyMilliseconds: null }))).toThrow(/has no latency, because the job could not measure it/);
    expect(() => readMeasured(written('b.json', { schemaVersion: 1 }))).toThrow(/is no manifest of the optimizer/);
    expect(() => readMeasured(written('c.json', 'null'))).toThrow(/is no manifest of the optimizer/);
  });
});

describe('options', () => {
  test('take times in milliseconds and seconds', () => {
    expect(parseRecommendOptions(['out', '--rate', '50', '--p99', '100ms'])).toEqual({ artifact: 'out', rate: 50, p99: 100, processorFactor: 1, prices: undefined, json: false });
    expect(parseRecommendOptions(['out', '--rate', '.5', '--p99', '0.25s', '--processor-factor', '1.3'])).toMatchObject({ rate: 0.5, p99: 250, processorFactor: 1.3 });
    expect(parseRecommendOptions(['--help'])).toBeUndefined();
  });

  test('that are wrong are all told at once', () => {
    expect(() => parseRecommendOptions(['--rate=-1', '--p99', '100', '--processor-factor', '0'])).toThrow([
      'name the ARTIFACT: a manifest.json, or a directory that has one',
      '--rate must be requests a second, above 0 and at most 1,000,000, got "-1"',
      '--p99 must be a time such as 100ms or 0.1s, got "100"',
      '--processor-factor must be a number above 0, got "0"',
    ].join('\n'));
  });
});

describe('prices', () => {
  const ours = readPrices();

  test('of a file replace single prices, and add instance types', () => {
    const small = { architecture: 'x86_64', processors: 1, memoryGibibytes: 2, hour: 0.01 };
    const given = readPrices(written('prices.json', { asOf: '2026-11', lambdaRequest: 0, instances: { 'x1.small': small } }));
    expect(given).toEqual({ ...ours, asOf: '2026-11', lambdaRequest: 0, instances: { ...ours.instances, 'x1.small': small } });
  });

  test('that are unknown or of another type are all named', () => {
    const file = written('wrong.json', { lambdaRequests: 1, eksClusterHour: 'free', lambdaGibibyteSecond: { x86_64: 1 }, instances: { 'a.b': { hour: 1 } } });
    expect(() => readPrices(file)).toThrow(/got lambdaRequests: 1\n.*got eksClusterHour: "free"\n.*got lambdaGibibyteSecond: .*\n.*got a.b: \{"hour":1\}/);
    expect(() => readPrices(written('list.json', []))).toThrow(/must be a JSON object/);
    expect(() => readPrices('/no/prices')).toThrow(/cannot be read/);
  });

  test('name their month, their Region and the pages that they are from', () => {
    expect(ours.asOf).toMatch(/^\d{4}-\d{2}$/);
    expect(ours.sources.every((source) => source.startsWith('https://aws.amazon.com/'))).toBe(true);
    expect(Object.keys(ours.instances).filter((type) => /^t\d/.test(type))).toEqual([]);
  });
});

test('memory is sized as a deployment sizes it', () => {
  const cases = ['litert', 'saved_model'].flatMap((format) => [1, 4].flatMap((processors) => [null, 22, 2400.5].map((peakMemoryMebibytes) => (
    { format, processors, peakMemoryMebibytes, copies: format === 'litert' ? processors : null, sizeBytes: 1_234_567_890 }))));
  const program = `import json, sys
sys.path.insert(0, "runtime/build_runner/src/model_builds/checks")
import memory
def sizes(case):
    manifest = {"sizeBytes": case["sizeBytes"], "requirements": {"peakMemoryMebibytes": case["peakMemoryMebibytes"]}}
    return [memory.function_memory(manifest, {**case, "copies": 1, "memoryMebibytes": 10240}), memory.pod_memory(manifest, case)]
json.dump([sizes(case) for case in json.load(sys.stdin)], sys.stdout)`;
  const { stdout, stderr } = spawnSync('python3', ['-c', program], { cwd: ROOT, input: JSON.stringify(cases), encoding: 'utf8' });
  expect(stderr).toBe('');
  const measured = cases.map(({ peakMemoryMebibytes, ...rest }) => (
    { ...readMeasured(RECORDED), ...rest, peakMemoryMebibytes: peakMemoryMebibytes ?? undefined } as Measured));
  // A deployment does not go below one processor, and a recommendation may.
  expect(measured.map((each, index) => [`${Math.max(ONE_PROCESSOR_MEBIBYTES, functionMemory(each))}`, `${serverMemory(each, cases[index].processors)}Mi`])).toEqual(JSON.parse(stdout));
});

describe('the command', () => {
  test('asks no account, and prints what it recommends', () => {
    const { status, stdout, stderr } = run(RECORDED, '--rate', '50', '--p99', '100ms');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('function is the cheapest.');
  });

  test('prints JSON, and fails where no path serves as wanted', () => {
    const { status, stdout } = run(RECORDED, '--rate', '50', '--p99', '0.0001ms', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ offers: [], refusals: [{ path: 'function' }, { path: 'service' }, { path: 'fleet' }], wanted: { rate: 50 } });
  });

  test('refuses an artifact without figures', () => {
    const { status, stderr } = run(directory, '--rate', '50', '--p99', 'soon');
    expect(status).toBe(2);
    expect(stderr).toContain('--p99 must be a time');
  });
});

test('the guide shows what the command prints for the recorded manifest', () => {
  const guide = readFileSync(join(ROOT, 'docs', 'choosing-a-path.md'), 'utf8');
  const { stdout } = run(RECORDED, '--rate', '50', '--p99', '100ms');
  expect(guide).toContain(`\`\`\`text\n${stdout}\`\`\``);
});
