import type { Phase } from './clients';
import type { MemoryUse } from './memory';
import { mebibytes } from './memory';

/** Row of the table: a path in one phase. */
export interface Row {
  readonly path: string;
  readonly phase: Phase;
  readonly memory?: MemoryUse;
}

const COLUMNS = ['path', 'model', 'requests', 'failed', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms', 'processes', 'memory first → last MiB'];

/** Returns the figures of all paths as a table of Markdown. */
export function table(rows: readonly Row[]): string {
  const cells = [COLUMNS, COLUMNS.map(() => '-'), ...rows.map(cellsOf)];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row, line) => `| ${row.map((cell, column) => cell.padEnd(widths[column], line === 1 ? '-' : ' ')).join(' | ')} |\n`).join('');
}

function cellsOf({ path, phase: { title, requests, failed, latency }, memory }: Row): string[] {
  const milliseconds = (microseconds: number) => (microseconds / 1000).toFixed(1);
  // A histogram without a value says that its maximum is 0, and gives it for each share.
  const latencies = [...[50, 90, 99].map((share) => latency.percentile(share)), latency.max].map(milliseconds);
  return [
    path, title, String(requests), String(failed), ...latency.count === 0 ? latencies.map(() => '–') : latencies,
    memory ? String(memory.processes) : '–', memory ? `${mebibytes(memory.first)} → ${mebibytes(memory.last)}` : '–',
  ];
}
