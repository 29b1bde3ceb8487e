// Runs unit tests without a virtual machine for each file, so that a process loads aws-cdk-lib once: half of the processor time.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { createRunner } from 'jest-light-runner';

const LightRunner = createRunner({ runtime: 'child_process' });
// Its processes read TypeScript. scripts/test/jest-unit.js removes the variable there.
const tsx = createRequire(import.meta.url).resolve('tsx');
process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, `--import=${pathToFileURL(tsx)}`].filter(Boolean).join(' ');

/** Always in processes of its own: with `--runInBand` it would load TypeScript into this one, which cannot. */
export default class UnitRunner extends LightRunner {
  constructor(globalConfig, ...rest) {
    super({ ...globalConfig, maxWorkers: Math.max(2, globalConfig.maxWorkers) }, ...rest);
  }
}
