import type { Delivery, Settings, Version } from './documents';
import { numberOf } from './documents';
import type { Endpoint } from './status';
import type { Snapshot } from './timeline';
import { shortId } from './timeline';

/** Returns rows below their titles, in columns as wide as their widest cell. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  return [titles, ...rows].map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n').concat('\n');
}

/** Returns a time in UTC, to the minute. */
export function time(date: Date | undefined): string {
  return date === undefined ? '–' : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function names(versions: readonly Version[]): string {
  return versions.map((version) => `${version.stack}/${version.model} ${numberOf(version)}`).join(', ') || '–';
}

export function endpointTable(endpoints: readonly Endpoint[]): string {
  return table(['STACK', 'MODEL', 'VERSION', 'SINCE', 'BY', 'UPLOAD', 'FIGURES'], endpoints.map((endpoint) => [
    endpoint.stack, endpoint.model, endpoint.version, time(endpoint.since), endpoint.by, endpoint.objectVersion, endpoint.figures,
  ]));
}

export function historyTable(deliveries: readonly Delivery[], snapshots: readonly Snapshot[]): string {
  const deployed = new Map(snapshots.filter(({ by }) => by === undefined).map((snapshot) => [snapshot.id, snapshot]));
  const rows = deliveries.filter(({ outcome }) => outcome !== 'SUPERSEDED').flatMap(({ id, started, ended, outcome, objectVersion, serve, live, reason }) => {
    const before = deployed.get(`before-${id}`);
    return [
      [shortId(id), time(ended ?? started), outcome, objectVersion || '–', serve === 'built' ? 'built' : 'went back', names(live), firstLine(reason)],
      ...before ? [[`before-${shortId(id)}`, 'before', 'DEPLOYED', '–', '–', names(before.versions), '']] : [],
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
