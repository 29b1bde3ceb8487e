import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, relative, resolve } from 'path';
import { BatchGetBuildsCommand, CodeBuildClient, ListBuildsCommand } from '@aws-sdk/client-codebuild';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { EmbeddedAws } from '../../emulator/client/embedded-aws';
import { callFunctionUrl } from '../../emulator/client/function-url';
import type { Figures, Manifest } from './figures';
import { figuresOf, figuresTable, zeroRequest } from './figures';
import type { DemoOptions } from './options';
import { parseOptions, USAGE } from './options';
import { digitPicture, pictureRow } from './pictures';
import { Progress } from './progress';

const ROOT = resolve(__dirname, '..', '..');
const DIGITS = join(ROOT, 'examples', 'digits');
const STACK = 'FunctionStack';
const SHOWN_PER_ROW = 5;

interface Outputs {
  readonly Url: string;
  readonly FunctionName: string;
  readonly ArtifactBucket: string;
  readonly ManifestKey: string;
  readonly ReportKey: string;
  readonly Summary: string;
}

interface HeldOut {
  readonly label: number;
  readonly image: number[][][];
}

function cdkArguments(options: DemoOptions, work: string, changed: Record<string, string> = {}): string[] {
  const context: Record<string, string> = {
    model: options.model ?? join(DIGITS, 'saved_model'),
    ...(options.model ? (options.data ? { data: options.data } : {}) : { data: join(DIGITS, 'evaluation.npz') }),
    ...(Object.keys(options.inputShapes).length ? { inputShapes: JSON.stringify(options.inputShapes) } : {}),
    ...changed,
  };
  return [
    'deploy', STACK, '--require-approval', 'never', '--progress', 'events',
    '--output', join(work, 'cdk.out'), '--outputs-file', join(work, 'outputs.json'),
    ...Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** Deploys, and shows what CloudFormation and the build are doing meanwhile. */
async function deploy(emulator: EmbeddedAws, codebuild: CodeBuildClient, progress: Progress, args: string[]): Promise<void> {
  const phases = new Set<string>();
  const watch = setInterval(() => {
    void latestBuild(codebuild).then((build) => {
      if (build?.buildStatus === 'IN_PROGRESS' && !phases.has(`${build.id} ${build.currentPhase}`)) {
        phases.add(`${build.id} ${build.currentPhase}`);
        progress.note(`optimization job: ${build.currentPhase}`);
      }
    }).catch(() => undefined);
  }, 500);
  try {
    const { code, output } = await emulator.cdk(args, {
      directory: ROOT,
      onLine: (line) => {
        const event = /\| (CREATE|UPDATE|DELETE|ROLLBACK)_(COMPLETE|FAILED)\s*\| (\S+)/.exec(line);
        if (event) {
          progress.count(event[3], event[2] === 'FAILED');
        }
      },
    });
    if (code !== 0) {
      throw new Error(`cdk deploy failed (${code}):\n${output}`);
    }
  } finally {
    clearInterval(watch);
  }
}

async function latestBuild(codebuild: CodeBuildClient) {
  const { ids } = await codebuild.send(new ListBuildsCommand({}));
  if (!ids?.length) {
    return undefined;
  }
  const { builds } = await codebuild.send(new BatchGetBuildsCommand({ ids }));
  return builds?.sort((a, b) => Number(b.startTime) - Number(a.startTime))[0];
}

async function predictDigits(emulator: EmbeddedAws, url: string, model: string): Promise<{ predictions: number[]; correct: number }> {
  const digits = JSON.parse(readFileSync(join(DIGITS, 'held_out.json'), 'utf8')) as HeldOut[];
  const answer = await callFunctionUrl(url, emulator.port, emulator.region, 'POST', `/v1/models/${model}:predict`, {
    instances: digits.map((digit) => digit.image),
  });
  if (answer.status !== 200) {
    throw new Error(`the function answered ${answer.status}: ${answer.body}`);
  }
  const scores = (JSON.parse(answer.body) as { predictions: number[][] }).predictions;
  const predictions = scores.map((row) => row.indexOf(Math.max(...row)));
  for (let first = 0; first < SHOWN_PER_ROW * 2; first += SHOWN_PER_ROW) {
    const shown = digits.slice(first, first + SHOWN_PER_ROW);
    const captions = shown.map((_, index) => {
      const score = Math.max(...scores[first + index]);
      return `${predictions[first + index]} (${(score * 100).toFixed(0)} %)`;
    });
    process.stdout.write(`\n${pictureRow(shown.map((digit) => digitPicture(digit.image)), captions)}\n`);
  }
  const correct = digits.filter((digit, index) => digit.label === predictions[index]).length;
  process.stdout.write(`\n  ${correct} of ${digits.length} digits that the training never saw are right.\n`);
  return { predictions, correct };
}

async function predictZeros(emulator: EmbeddedAws, url: string, manifest: Manifest): Promise<{ predictions: unknown[] }> {
  const answer = await callFunctionUrl(url, emulator.port, emulator.region, 'POST', `/v1/models/${manifest.model}:predict`, zeroRequest(manifest));
  if (answer.status !== 200) {
    throw new Error(`the function answered ${answer.status}: ${answer.body}`);
  }
  const { outputs } = JSON.parse(answer.body) as { outputs: unknown };
  process.stdout.write(`\n  One instance of zeros is answered with ${JSON.stringify(outputs).slice(0, 300)}${answer.body.length > 300 ? ' …' : ''}\n`);
  return { predictions: [outputs] };
}

async function demo(options: DemoOptions, emulatorStarted: (emulator: EmbeddedAws) => void): Promise<void> {
  const progress = new Progress();
  const work = mkdtempSync(join(tmpdir(), 'cdk-tensorflow-demo-'));
  // However it ends, by Ctrl-C too.
  process.once('exit', () => rmSync(work, { recursive: true, force: true }));
  let emulator: EmbeddedAws | undefined;
  try {
    emulator = await progress.step('start the embedded AWS', EmbeddedAws.start);
    emulatorStarted(emulator);
    const clients = { endpoint: emulator.endpoint, region: emulator.region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    const s3 = new S3Client({ ...clients, forcePathStyle: true });
    const codebuild = new CodeBuildClient(clients);
    await progress.step('cdk bootstrap', () => emulator!.bootstrap());
    await progress.step('cdk deploy: upload, optimize, gate, publish, serve', () => deploy(emulator!, codebuild, progress, cdkArguments(options, work)));
    const outputs = (JSON.parse(readFileSync(join(work, 'outputs.json'), 'utf8')) as Record<string, Outputs>)[STACK];
    const text = async (key: string) => (await s3.send(new GetObjectCommand({ Bucket: outputs.ArtifactBucket, Key: key }))).Body!.transformToString();
    const manifest = JSON.parse(await text(outputs.ManifestKey)) as Manifest;
    const predicted = await progress.step('predict through the function URL', () =>
      options.model ? predictZeros(emulator!, outputs.Url, manifest) : predictDigits(emulator!, outputs.Url, manifest.model));
    await progress.step('cdk deploy again, with more memory: the published model is reused', () =>
      deploy(emulator!, codebuild, progress, cdkArguments(options, work, { memorySize: '2048' })));

    const report = join(ROOT, '.demo', 'report.html');
    mkdirSync(join(ROOT, '.demo'), { recursive: true });
    writeFileSync(report, await text(outputs.ReportKey));
    const buildsStarted = (await codebuild.send(new ListBuildsCommand({}))).ids?.length ?? 0;
    const figures: Figures = {
      ...figuresOf(manifest), ...predicted, buildsStarted, report: relative(ROOT, report), seconds: progress.seconds, secondsByStep: progress.steps,
    };
    process.stdout.write([
      '',
      figuresTable(figures),
      '',
      `  ${outputs.Summary}`,
      ...(manifest.unverified ? ['  Unverified: without --data nothing proves that it decides like the original.'] : []),
      `  Builds started: ${buildsStarted} in two deployments; the second one found the model already published.`,
      `  Report: ${figures.report}`,
      `  ${figures.seconds.toFixed(0)} s in all.`,
      '',
    ].join('\n'));
    if (options.json) {
      writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
    }
    if (options.keep) {
      await keepRunning(emulator, outputs, manifest.model);
    }
  } finally {
    await emulator?.stop();
  }
}

/** Prints how to talk to what was deployed, and waits for Ctrl-C. */
function keepRunning(emulator: EmbeddedAws, outputs: Outputs, model: string): Promise<never> {
  const exports = Object.entries(emulator.environment).map(([name, value]) => `    export ${name}=${value}`);
  process.stdout.write([
    '',
    '  The embedded AWS keeps running. In another terminal:',
    '',
    ...exports,
    `    aws lambda invoke --function-name ${outputs.FunctionName}:live --cli-binary-format raw-in-base64-out --payload '{"data": …}' answer.json`,
    `    aws s3 ls --recursive s3://${outputs.ArtifactBucket}/`,
    `    curl --aws-sigv4 aws:amz:${emulator.region}:lambda --user test:test -H 'Host: ${new URL(outputs.Url).host}' ${emulator.endpoint}/v1/models/${model}`,
    `    curl … -d '{"instances": […]}' ${emulator.endpoint}/v1/models/${model}:predict`,
    '',
    '  Ctrl-C ends it.',
    '',
  ].join('\n'));
  return new Promise(() => undefined);
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
    // A terminal sends the signal to every process of the group, and each passes it on: it arrives several times.
    if (ending) {
      return;
    }
    ending = true;
    process.stdout.write(`\n  ${signal}: ending the embedded AWS …\n`);
    void Promise.resolve(running?.stop()).then(() => process.exit(130));
  };
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  await demo(options, (emulator) => (running = emulator));
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
