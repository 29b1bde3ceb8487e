import { readPrices } from '../../cli/recommend/prices';
import type { Golden } from '../../lib/private/documents/golden';
import { costsOf } from './costs';
import type { Figures } from './figures';
import { decimal, megabytes, milliseconds, percent } from './figures';
import { goldenKey, replay } from './golden';
import type { DemoPath } from './path';
import { formatOf } from './path';
import type { PathName } from './path-name';
import type { DemoRun } from './run';
import type { Server } from './server';
import type { StackOutputs } from './stack-outputs';

/** Situations in which to choose each path. */
const BETTER: Record<PathName, string> = {
  function: 'uneven or little traffic, nothing to keep running',
  service: 'steady traffic, a cluster that is there already',
  fleet: 'steady traffic, no cluster, whole machines under control',
};

/** The default gate's limit for a quantized model: a relative error of 5 %. */
const QUANTIZED_TOLERANCE = 0.05;

interface Deployed {
  readonly path: DemoPath;
  readonly server: Server;
  readonly outputs: StackOutputs;
  readonly figures: Figures;
}

function table(rows: string[][]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => `  ${row.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join('   ')}`).join('\n');
}

/** Returns how far a path's answers may be from the golden ones. Another LiteRT model may be quantized otherwise. */
function toleranceOf({ path, outputs }: Pick<Deployed, 'path' | 'outputs'>, asked: Pick<Deployed, 'outputs'>, golden: Golden): number {
  const isSame = outputs.ArtifactBucket === asked.outputs.ArtifactBucket && outputs.ManifestKey === asked.outputs.ManifestKey;
  return formatOf(path) === 'saved_model' || isSame ? golden.relativeTolerance : Math.max(QUANTIZED_TOLERANCE, golden.relativeTolerance);
}

/**
 * Compares the paths: sends the same requests to all, and shows answers, costs and when to choose each.
 *
 * Throws if an answer is outside the tolerance, because a client must be able to move between paths.
 */
export async function compare(run: Pick<DemoRun, 'options' | 'text'>, deployed: readonly Deployed[]): Promise<string> {
  const prices = readPrices();
  const money = (amount: number) => `${amount.toFixed(2)} ${prices.currency}`;
  // Use the requests of a path that does not quantize, if there is one.
  const asked = deployed.find(({ path }) => formatOf(path) === 'saved_model') ?? deployed[0];
  // The user's own model without data has golden requests with generated values only, or none.
  const golden = run.options.model && !run.options.data ? undefined
    : JSON.parse(await run.text(asked.outputs.ArtifactBucket, goldenKey(asked.outputs.ManifestKey))) as Golden;
  // A regression has errors instead of an accuracy; each model is the same, so one tells which figure there is.
  const regression = deployed.some(({ figures }) => figures.errorsAfter && figures.accuracyAfter === null);
  const columns: string[][] = [];
  for (const { path, server, outputs, figures } of deployed) {
    const latency = figures.latencyMillisecondsServed ?? figures.latencyMillisecondsAfter;
    const costs = latency === null ? undefined : costsOf(path.name, latency, prices);
    const allowed = golden && toleranceOf({ path, outputs }, asked, golden);
    const answers = golden && await replay(server, figures.model, golden, allowed).catch((error: unknown) => {
      throw new Error(`${path.title}: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (answers?.difference) {
      throw new Error(`${path.title} answers a golden request with a relative difference of ${answers.relative.toExponential(1)}, allowed are ${allowed}: ${answers.difference}`);
    }
    columns.push([
      path.name,
      path.server,
      megabytes(figures.sizeAfter),
      regression ? decimal(figures.errorsAfter?.meanAbsoluteError) : percent(figures.accuracyAfter),
      milliseconds(figures.latencyMillisecondsAfter),
      answers ? `${answers.decidedAlike} of ${answers.requests}` : '',
      answers ? answers.relative.toExponential(1) : '',
      costs ? money(costs.idleMonth) : '',
      costs ? money(costs.busyMonth) : '',
      costs ? money(costs.millionRequests) : '',
    ]);
  }
  const labels = [
    '', 'server', 'model', regression ? 'MAE' : 'accuracy', 'one prediction', 'golden requests decided alike', '  greatest relative difference', 'a month without requests',
    '  metrics, in a month with requests', '  a million requests',
  ];
  return [
    '',
    table(labels.map((label, row) => [label, ...columns.map((column) => column[row])])),
    '',
    ...[...new Set(deployed.map(({ path }) => path.name))].map((name) => `  ${name.padEnd(9)} ${BETTER[name]}`),
    '',
    `  List prices of ${prices.region}, ${prices.asOf}: a function of 1769 MB, three m7i.large nodes of EKS Auto Mode with their`,
    '  cluster, two m7i.large behind a network load balancer. Instances answer a million requests out of what the month costs anyway, until they are busy.',
    `  The function writes some 1,250 bytes of log for each request, which is included. A minute of optimization costs ${money(prices.buildMinute)}, and runs only when something changed.`,
    '  Latency is what the optimization job measured on this machine with the runtime that serves, without network. docs/choosing-a-path.md says more.',
    '',
  ].join('\n');
}
