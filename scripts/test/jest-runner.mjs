// Runs unit tests without a virtual machine for each file, so that a process loads aws-cdk-lib once: half of the processor time.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { createRunner } from 'jest-light-runner';

const LightRunner = createRunner({ runtime: 'child_process' });
// Its processes read TypeScript. scripts/test/jest-unit.js removes the variable there.
const tsx = createRequire(import.meta.url).resolve('tsx');
process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, `--import=${pathToFileURL(tsx)}`].filter(Boolean).join(' ');

export default class UnitRunner extends LightRunner {
  #processes = new Set();

  /** Always uses processes of its own: with `--runInBand` it would load TypeScript into this one, which cannot. */
  constructor(globalConfig, ...rest) {
    super({ ...globalConfig, maxWorkers: Math.max(2, globalConfig.maxWorkers) }, ...rest);
  }

  _runTest(test) {
    const result = super._runTest(test);
    this._testRunners.get(test.context.config).pool.threads.forEach(({ process: child }) => this.#processes.add(child));
    return result;
  }

  /** Ends its processes too, whose processor time counts as that of this one only when they have ended before it. */
  async runTests(...given) {
    await super.runTests(...given);
    await Promise.all([...this.#processes].map((child) => {
      child.removeAllListeners('exit');
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      return ended;
    }));
  }
}
