import { showable } from '../demo/checks';
import type { DemoOptions } from '../demo/options';
import { parseOptions as parseDemoOptions } from '../demo/options';
import { LITERT_PATHS } from '../demo/paths';
import { Progress } from '../demo/progress';
import { DemoRun } from '../demo/run';
import { EmbeddedAws } from '../emulator/client/embedded-aws';
import type { LoadResult } from './load-path';
import { PathUnderLoad } from './load-path';
import { otherModel } from './models';
import type { LoadOptions } from './options';
import { parseOptions, USAGE } from './options';
import { table } from './table';

/** Loads one path after the other, each in an embedded AWS of its own, so that a path's memory and latency are not another's. */
async function loadPaths({ requests, paths }: LoadOptions, started: (emulator: EmbeddedAws) => void): Promise<string[]> {
  const demoOptions = parseDemoOptions(['--server', 'litert']) as DemoOptions;
  const progress = new Progress();
  const results: LoadResult[] = [];
  const problems: string[] = [];
  for (const path of showable(paths.map((name) => LITERT_PATHS[name]), true, () => undefined)) {
    const emulator = await progress.step(`start the embedded AWS for ${path.title}`, () => EmbeddedAws.start());
    started(emulator);
    try {
      const run = new DemoRun(emulator, demoOptions, progress);
      await progress.step('cdk bootstrap', () => emulator.bootstrap());
      const other = await progress.step('train the model of the update', () => otherModel(run));
      const result = await new PathUnderLoad(run, path, other, requests).load();
      results.push(result);
      problems.push(...result.problems.map((problem) => `${path.label}: ${problem}`));
    } catch (error) {
      problems.push(`${path.label}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await emulator.stop();
    }
  }
  process.stdout.write(`\n${table(results.flatMap(({ rows }) => rows))}\n`);
  return problems;
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  let running: EmbeddedAws | undefined;
  (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).forEach((signal) => process.once(signal, () => {
    void Promise.resolve(running?.stop()).then(() => process.exit(130));
  }));
  const problems = await loadPaths(options, (emulator) => (running = emulator));
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
  process.stdout.write('No request failed, every answer was that of the model that served, and memory stayed flat.\n');
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
