import type { Delivery, Manifest, Settings, Version } from './documents';
import type { Snapshot } from './timeline';
import { shortId } from './timeline';
import type { Endpoint } from './views';

/** Returns rows below their titles, in columns as wide as their widest cell. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  return [titles, ...rows].map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n').concat('\n');
}

/** Returns a time in UTC, to the minute. */
export function time(date: Date | undefined): string {
  return date === undefined ? '–' : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Returns a manifest's size, quality and latency. */
export function figures(manifest: Manifest | undefined): string {
  if (manifest === undefined) {
    return 'no manifest to read';
  }
  const qualities = Object.entries(manifest.evaluation?.outputs ?? {}).flatMap(([output, { accuracy, meanAbsoluteError }]) => (
    accuracy !== null ? [`${output} accuracy ${accuracy.toFixed(4)}`] : meanAbsoluteError !== null ? [`${output} error ${meanAbsoluteError.toPrecision(4)}`] : []));
  const latency = manifest.latencyMilliseconds === null ? [] : [`${manifest.latencyMilliseconds.toPrecision(3)} ms`];
  return [manifest.candidate, `${(manifest.sizeBytes / 1e6).toFixed(2)} MB`, ...qualities, ...latency].join(', ');
}

/** Returns the number of a version, from the key of its manifest. */
export function numberOf({ manifestKey }: Version): string {
  return manifestKey.split('/').at(-2)!;
}

export function names(versions: readonly Version[]): string {
  return versions.map((version) => `${version.stack}/${version.model} ${numberOf(version)}`).join(', ') || '–';
}

export function endpointTable(endpoints: readonly Endpoint[]): string {
  return table(['STACK', 'MODEL', 'VERSION', 'SINCE', 'BY', 'UPLOAD', 'FIGURES'], endpoints.map((one) => [
    one.stack, one.model, one.version, time(one.since), one.by, one.objectVersion, one.figures,
  ]));
}

export function historyTable(deliveries: readonly Delivery[], snapshots: readonly Snapshot[]): string {
  const deployed = new Map(snapshots.filter(({ by }) => by === undefined).map((one) => [one.id, one]));
  const rows = deliveries.filter(({ outcome }) => outcome !== 'SUPERSEDED').flatMap((one) => {
    const before = deployed.get(`before-${one.id}`);
    return [
      [shortId(one.id), time(one.ended ?? one.started), one.outcome, one.objectVersion || '–', one.serve === 'built' ? 'built' : 'went back', names(one.live), firstLine(one.reason)],
      ...before ? [[`before-${shortId(one.id)}`, 'before', 'DEPLOYED', '–', '–', names(before.versions), '']] : [],
    ];
  });
  return rows.length === 0 ? 'nothing was delivered yet\n' : table(['ID', 'TIME', 'OUTCOME', 'UPLOAD', 'SERVED', 'LIVE', 'REASON'], rows);
}

export function heading({ bucket, key }: Settings): string {
  return `s3://${bucket}/${key}`;
}

function firstLine(text: string): string {
  const [line] = text.split('\n');
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
