import { table } from '../delivery/tables';
import type { Measured } from './measured';
import type { Offer, Question } from './offer';
import type { Recommendation } from './recommend';

/** Returns a recommendation as text: what was measured, the paths, what to paste, and what the figures leave out. */
export function recommendationText(recommendation: Recommendation): string {
  const { measured, wanted, prices, offers, refusals, cheapest } = recommendation;
  const money = (amount: number) => `${amount.toFixed(2)} ${prices.currency}`;
  const row = ({ path, takes, memoryMebibytes, p50, p99, month }: Offer) => [path, takes, `${memoryMebibytes} MiB`, time(p50), time(p99), money(month)];
  return [
    measuredText(measured),
    `Wanted: ${wanted.rate} requests a second, 99 of 100 answered within ${time(wanted.p99)}.`,
    '',
    ...offers.length > 0 ? [table(['PATH', 'TAKES', 'MEMORY', 'P50', 'P99', 'A MONTH'], offers.map(row))] : [],
    ...refusals.map(({ path, reason }) => `${path}: ${reason}\n`),
    ...cheapest === undefined ? ['No path serves it as wanted.'] : [`${cheapest} is the cheapest.${ownClusterText(recommendation, money)}`],
    '',
    ...offers.map(({ properties }) => `${properties}\n`),
    ...notes(recommendation),
  ].join('\n').concat('\n');
}

function measuredText(measured: Measured): string {
  const { model, version, candidate, format, latencyMilliseconds, processorMilliseconds, callMilliseconds } = measured;
  const { peakMemoryMebibytes, architecture, buildId, created } = measured;
  const name = version === undefined ? model : `${model}, version ${version}`;
  const memory = peakMemoryMebibytes === undefined ? 'memory not measured' : `${peakMemoryMebibytes.toFixed(0)} MiB`;
  const alone = callMilliseconds === undefined ? '' : ` (the model alone ${time(callMilliseconds)})`;
  const call = processorMilliseconds !== undefined ? `of processor time for a warm request in the function's program${alone}`
    : format === 'litert' ? `for a warm request to the function${alone}` : 'for a warm call of the model, without a server';
  const place = buildId === undefined ? 'where the optimizer ran' : `by the build ${buildId}${created === undefined ? '' : ` of ${created.slice(0, 10)}`}`;
  return `${name} (${format}, ${candidate}): ${time(processorMilliseconds ?? latencyMilliseconds)} ${call}, ${memory}; measured on one thread of ${architecture}, ${place}.`;
}

function ownClusterText({ offers }: Recommendation, money: (amount: number) => string): string {
  const share = offers.find(({ path }) => path === 'service')?.monthOnOwnCluster;
  return share === undefined ? '' : ` On nodes of a cluster that you have, the service's pods take a share of ${money(share)} a month.`;
}

/** Returns sentences on the origin of the figures, and on what they leave out. */
function notes({ measured, wanted, prices, offers }: Pick<Recommendation, 'offers'> & Question): string[] {
  const start = measured.startMilliseconds === undefined ? 'its start' : `${time(measured.startMilliseconds)} for its start`;
  return [
    `Prices: list prices of ${prices.region}, ${prices.asOf}, without data transfer, storage and load balancer capacity units; --prices replaces them.`,
    `Processors: those of AWS are taken to be ${wanted.processorFactor === 1 ? 'as fast as' : `${wanted.processorFactor} times as slow as`} the one that measured; --processor-factor says otherwise.`,
    'Times: in the server, without network and TLS, from the processor times that the job measured. In front of each pod or instance they have the wait in its queue, to which requests come at random (M/D/c).',
    ...offers.some(({ path }) => path === 'function')
      ? [`A function's first request in a new environment takes ${start} and AWS's own time on top, which is in no figure here. Less memory is taken to slow it in proportion.`] : [],
  ];
}

function time(milliseconds: number): string {
  return milliseconds < 10 ? `${Number(milliseconds.toPrecision(2))} ms` : `${Math.round(milliseconds)} ms`;
}
