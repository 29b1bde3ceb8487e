import { existsSync, writeFileSync } from 'fs';
import type { Golden } from '../../lib/private/documents/golden';
import type { Manifest } from '../../lib/private/documents/manifest';
import { EmbeddedAws } from '../emulator/client/embedded-aws';
import { checkReused, showable } from './checks';
import { compare } from './comparison';
import type { Figures } from './figures';
import { figuresOf, figuresTable } from './figures';
import { goldenKey } from './golden';
import { openPages } from './open';
import { inspectOwn, makeExample, predictRows } from './optimizer';
import type { DemoOptions } from './options';
import { parseOptions, USAGE } from './options';
import type { DemoPath } from './path';
import { pathsToShow } from './paths';
import { predictDigits, predictOwn } from './predictions';
import { Progress } from './progress';
import { copyReport, withReport } from './report';
import { DemoRun } from './run';
import type { DemoServer } from './server';
import type { StackOutputs } from './stack-outputs';

interface Shown {
  readonly path: DemoPath;
  readonly server: DemoServer;
  readonly outputs: StackOutputs;
  readonly figures: Figures;
}

/** Deploys one path, sends requests, and deploys it again. */
async function show(run: DemoRun, path: DemoPath): Promise<Shown> {
  const { options, progress } = run;
  const read = (bucket: string, key: string) => run.text(bucket, key);
  const context = path.context?.(run);
  const buildsBefore = await run.buildsStarted();
  const outputs = await progress.step(`cdk deploy ${path.stack}: upload, optimize, gate, publish, serve`, () => run.deploy(path.stack, context))
    .catch(async (error: Error) => {
      throw new Error(await withReport(read, path.label, error.message));
    });
  const manifest = JSON.parse(await run.text(outputs.ArtifactBucket, outputs.ManifestKey)) as Manifest;
  const server = await progress.step(`wait until the model answers (${path.title})`, () => path.connect(run, outputs));
  const golden = async () => JSON.parse(await run.text(outputs.ArtifactBucket, goldenKey(outputs.ManifestKey))) as Golden;
  const predicted = await progress.step('predict', () => (options.model ? predictOwn(server, manifest, golden, options.data !== undefined) : predictDigits(server, manifest.model)));
  if (options.data) {
    process.stdout.write(`\n${await progress.step('cdk-tensorflow predict', () => predictRows(server, manifest.model, options.data!, options.labels))}\n`);
  }
  let deployments = 1;
  if (path.change) {
    const buildsFirst = await run.buildsStarted();
    await progress.step(`cdk deploy again, ${path.change.title}: the published model is reused`, () => run.deploy(path.stack, { ...context, ...path.change!.context }));
    checkReused(buildsFirst, await run.buildsStarted());
    deployments += 1;
  }
  const buildsStarted = (await run.buildsStarted()) - buildsBefore;

  const report = await copyReport(read, path.label, outputs.ArtifactBucket, outputs.ReportKey);
  const figures: Figures = {
    ...figuresOf(manifest), ...predicted, path: path.name, server: path.server, buildsStarted, report,
    seconds: progress.seconds, secondsByStep: { ...progress.steps },
  };
  process.stdout.write([
    '',
    `  ${path.title}`,
    figuresTable(figures),
    '',
    `  ${outputs.Summary}`,
    ...(manifest.unverified ? ['  Unverified: without --data nothing proves that it decides like the original.'] : []),
    ...(server.facts ?? []).map((fact) => `  ${fact}`),
    `  Builds started: ${buildsStarted} in ${deployments} ${deployments === 1 ? 'deployment' : 'deployments; the second one found the model already published'}.`,
    `  Report: ${figures.report}`,
    `  ${figures.seconds.toFixed(0)} s so far.`,
    '',
  ].join('\n'));
  return { path, server, outputs, figures };
}

async function demo(options: DemoOptions, emulatorStarted: (emulator: EmbeddedAws) => void): Promise<void> {
  const leftOut = (reason: string) => process.stdout.write(`  left out: ${reason}\n`);
  const paths = showable(pathsToShow(options), options.strict, leftOut);
  const progress = new Progress();
  if (options.make && !existsSync(options.model!)) {
    process.stdout.write(`  ${await progress.step('download the data, and train the model', async () => makeExample(options.make!))}\n`);
  }
  if (options.model) {
    process.stdout.write(`${await progress.step('cdk-tensorflow inspect', async () => inspectOwn(options))}\n`);
  }
  let emulator: EmbeddedAws | undefined;
  const shown: Shown[] = [];
  try {
    emulator = await progress.step('start the embedded AWS', () => EmbeddedAws.start(['--nodes', options.nodes]));
    emulatorStarted(emulator);
    const run = new DemoRun(emulator, options, progress);
    await progress.step('cdk bootstrap', () => emulator!.bootstrap());
    for (const path of paths) {
      shown.push(await show(run, path));
    }
    if (shown.length > 1) {
      process.stdout.write(await progress.step('replay the same golden requests on every path', () => compare(run, shown)));
    }
    if (options.json) {
      const figures = shown.map((deployed) => deployed.figures);
      writeFileSync(options.json, `${JSON.stringify(figures.length === 1 ? figures[0] : figures, null, 2)}\n`);
    }
    if (options.open) {
      process.stdout.write(await progress.step('make the page', async () => openPages(shown, await (await import('../../scripts/package/page.mjs')).bundlePage())));
      process.stdout.write('\n  Ctrl-C ends it.\n\n');
      await new Promise<never>(() => undefined);
    }
  } finally {
    for (const { server } of shown) {
      await server.close?.();
    }
    await emulator?.stop();
  }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  let running: EmbeddedAws | undefined;
  let ending = false;
  const interrupted = (signal: NodeJS.Signals) => {
    // A terminal signals the whole process group and every process passes it on, so it arrives several times.
    if (ending) {
      return;
    }
    ending = true;
    process.stdout.write(`\n  ${signal}: ending the embedded AWS …\n`);
    void Promise.resolve(running?.stop()).then(() => process.exit(130));
  };
  // During start-up there is nothing to stop: the embedded AWS ends with this process.
  (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).forEach((signal) => process.on(signal, interrupted));
  await demo(options, (emulator) => (running = emulator));
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
