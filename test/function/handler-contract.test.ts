import { readdirSync, readFileSync } from 'fs';
import { LiteRtRuntime } from '../../lib';
import { RequestMetrics } from '../../lib/function/request-metrics';
import { layerRequirements, LITERT_LIBRARY } from '../../lib/function/runtime-layer-contents';
import { TOOLCHAIN } from '../../lib/optimization/build/job';
import { packagePath } from '../../lib/private/asset-paths';

/** The contract between TypeScript and Python, which share no code. */

const read = (...path: string[]) => readFileSync(packagePath('runtime', ...path), 'utf-8');

test('the native program looks for LiteRT at its path in the layer', () => {
  const sources = readdirSync(packagePath('server', 'src'), { recursive: true, encoding: 'utf-8' }).filter((name) => name.endsWith('.rs'));

  expect(sources.map((name) => readFileSync(packagePath('server', 'src', name), 'utf-8')).join('\n')).toContain(`"/opt/${LITERT_LIBRARY}"`);
});

test('the handler logs the metrics that the function names, under the same dimensions', () => {
  const log = read('handler', 'src', 'model_server', 'log.py');
  const metrics = new RequestMetrics('function', 'model');

  const names = [metrics.latency(), metrics.failures(), metrics.modelLoadTime()].map(({ metricName }) => metricName);
  expect(log).toContain(`LATENCY, ERRORS, LOAD_TIME = ${names.map((name) => JSON.stringify(name)).join(', ')}`);
  for (const metric of [metrics.failures(), metrics.failuresOf('7', '3')]) {
    expect(log).toContain(`    [${Object.keys(metric.dimensions!).sort().map((name) => JSON.stringify(name)).join(', ')}],\n`);
  }
});

test('the handler reads the variables that the function sets', () => {
  const index = read('handler', 'src', 'index.py');

  expect(read('handler', 'src', 'model_server', 'log.py')).toContain('environment.get("METRIC_NAMESPACE")');
  for (const name of ['MODEL_NAME', 'MODEL_THREADS', 'MODEL_HOOK']) {
    expect(index).toContain(`os.environ.get("${name}")`);
  }
});

test.each(Object.values(LiteRtRuntime))('the %s layer pins the LiteRT that models are converted for, and every file by its hash', (runtime) => {
  const requirements = readFileSync(`${layerRequirements(runtime)}/requirements.txt`, 'utf-8');
  const pinned = requirements.split(/\n(?=\S)/).filter((entry) => !entry.startsWith('#'));

  expect(requirements).toMatch(new RegExp(`^ai-edge-litert==${TOOLCHAIN.litert.replaceAll('.', '\\.')} `, 'm'));
  expect(pinned.every((entry) => /^[a-z-]+==\S+ \\\n( {4}--hash=sha256:[0-9a-f]{64}( \\)?\n?)+/.test(entry))).toBe(true);
  expect(pinned).toHaveLength(runtime === LiteRtRuntime.NATIVE ? 1 : 2);
  expect(requirements).not.toMatch(/^--|https?:/m);
});
