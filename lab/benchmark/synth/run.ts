import { spawnSync } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { cpus, tmpdir } from 'os';
import { join } from 'path';

/*
 * npm run bench -- synth                   synthesis of 1, 5 and 20 models beside the same number of Function, LayerVersion and Alias
 * npm run bench -- synth --runs 9       more runs; the median counts, and the two take turns
 */
interface Synthesis {
  readonly milliseconds: number;
  readonly resources: number;
  readonly bytes: number;
}

const COUNTS = [1, 5, 20];
const TARGET_RATIO = 1.3;
const TARGET_RESOURCES = 12;
const work = mkdtempSync(join(tmpdir(), 'bench-synth-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
const runs = Number(/--runs[= ](\d+)/.exec(process.argv.join(' '))?.[1] ?? 5);

function synthesis(subject: string, models: number): Synthesis {
  const tsx = join(__dirname, '..', '..', '..', 'node_modules', 'tsx', 'dist', 'cli.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, join(__dirname, 'app.ts')], {
    encoding: 'utf8', env: { ...process.env, SUBJECT: subject, MODELS: String(models), OUTPUT: join(work, subject), CDK_VALIDATION: 'false', NODE_NO_WARNINGS: '1' },
  });
  if (status !== 0) {
    throw new Error(`synthesis of ${models} ${subject} failed:\n${stderr}`);
  }
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Synthesis;
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const measured = COUNTS.map((models) => {
  // The first of each fills the caches of bundling and of the file system.
  ['models', 'plain'].forEach((subject) => synthesis(subject, models));
  const pairs = Array.from({ length: runs }, () => ({ ours: synthesis('models', models), plain: synthesis('plain', models) }));
  const ratios = pairs.map(({ ours, plain }) => ours.milliseconds / plain.milliseconds);
  return {
    models, ours: pairs[0].ours, milliseconds: median(pairs.map(({ ours }) => ours.milliseconds)), plain: median(pairs.map(({ plain }) => plain.milliseconds)),
    ratio: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios),
  };
});

process.stdout.write([
  '| models | ours, ms | plain, ms | ratio (lowest to highest) | resources | template, KB |',
  '|---|---|---|---|---|---|',
  ...measured.map(({ models, ours, milliseconds, plain, ratio, lowest, highest }) =>
    `| ${models} | ${milliseconds.toFixed(0)} | ${plain.toFixed(0)} | ${ratio.toFixed(2)} (${lowest.toFixed(2)} to ${highest.toFixed(2)}) | ${ours.resources} | ${(ours.bytes / 1000).toFixed(0)} |`),
  '',
].join('\n'));
const [first, last] = [measured[0], measured.at(-1)!];
const each = (last.ours.resources - first.ours.resources) / (last.models - first.models);
process.stdout.write([
  `Resources: ${each.toFixed(1)} for each model (target: at most ${TARGET_RESOURCES}), ${(first.ours.resources - each).toFixed(0)} shared.`,
  `Time of ${last.models} models: ${last.ratio.toFixed(2)} times plain constructs (target: at most ${TARGET_RATIO}).`,
  '',
].join('\n'));
writeFileSync(join(__dirname, '..', 'results', 'synth.json'), `${JSON.stringify({
  machine: `${process.platform} ${process.arch}, ${cpus().length} processors`, node: process.version, runs, rows: measured,
}, undefined, 2)}\n`);
