import type { Grant } from './unused-grants';

/** A row of the table: what somebody may do and no run does, and why. */
export interface Row {
  readonly grants: Grant[];
  readonly reason: string;
  /** True if it depends on the course of a run whether a request needs it. */
  readonly isSometimesUsed: boolean;
}

const SOMETIMES = 'in some runs only: ';

/** Reads a table of Markdown with the columns role, actions, resources and reason. Each action is meant with each resource. */
export function readTable(page: string, title: string): Row[] {
  const section = page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && line.includes('`')).map((line) => line.split(' | '));
  return rows.map(([who, actions, resources, reason]) => ({
    grants: codes(actions).flatMap((action) => codes(resources).map((resource): Grant => ({ who: who.slice(2), action, resource }))),
    reason: reason.replace(/ \|$/, ''),
    isSometimesUsed: reason.startsWith(SOMETIMES),
  }));
}

function codes(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}
