// Runs unit tests without a virtual machine for each file, so that a process loads aws-cdk-lib once: half of the processor time.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { createRunner } from 'jest-light-runner';

const RUNTIME = 'child_process';
const LightRunner = createRunner({ runtime: RUNTIME });
// Its processes read TypeScript. scripts/test/jest-unit.js removes the variable there.
const tsx = createRequire(import.meta.url).resolve('tsx');
process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, `--import=${pathToFileURL(tsx)}`].filter(Boolean).join(' ');

export default class UnitRunner extends LightRunner {
  #pools = new Set();

  /** Always uses processes of its own: with `--runInBand` it would load TypeScript into this one, which cannot. */
  constructor(globalConfig, ...rest) {
    super({ ...globalConfig, maxWorkers: Math.max(2, globalConfig.maxWorkers) }, ...rest);
  }

  _runTest(test) {
    const { config } = test.context;
    const first = !this._testRunners.has(config);
    const result = super._runTest(test);
    const runner = this._testRunners.get(config);
    const { pool } = runner;
    if (first) {
      const channel = answering({ globalConfig: this._globalConfig, projectConfig: config, runtime: RUNTIME });
      runner.run = ({ path }) => pool.run(path, { channel });
    }
    this.#pools.add(pool);
    // It has no limit of its own. A file whose process ends fails, and the others go on in a new one.
    const limit = setTimeout(() => pool.threads.forEach(({ process: child }) => child.kill('SIGKILL')), this._globalConfig.testTimeout);
    return result.finally(() => clearTimeout(limit));
  }

  /** Ends its processes too, whose processor time counts as that of this one only when they have ended before it. */
  async runTests(...given) {
    await super.runTests(...given);
    await Promise.all([...this.#pools].map((pool) => {
      // The runner has replaced it by a method that only disconnects, which fails for a process that has ended.
      pool.threads.forEach(({ process: child }) => delete child.kill);
      return pool.destroy();
    }));
  }
}

/**
 * Sends every process its data whenever one asks for it. The runner's own channel forgets the others when the first asks: one that gets the data
 * in the same read as its first file misses it, asks later, and waits for ever.
 */
function answering(workerData) {
  const listeners = new Set();
  return {
    onMessage: (listener) => listeners.add(listener),
    postMessage: (message) => {
      if (message === 'jest-light-runner-get-worker-data') {
        listeners.forEach((listener) => listener({ type: 'jest-light-runner-worker-data', workerData }));
      }
    },
  };
}
