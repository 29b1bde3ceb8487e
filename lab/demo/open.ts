import { readFileSync } from 'fs';
import { join } from 'path';
import { startProxy } from '../../cli/open/proxy';
import { ROOT } from '../../scripts/repository';
import type { Figures } from './figures';
import type { DemoPath } from './path';
import type { DemoServer } from './server';

interface Deployed {
  readonly path: Pick<DemoPath, 'title'>;
  readonly server: Pick<DemoServer, 'address'>;
  readonly figures: Pick<Figures, 'model' | 'report'>;
}

/** Serves a page for each deployed model, as `cdk-tensorflow open` does, with its report beside it. Returns what to print: their addresses. */
export async function openPages(deployed: readonly Deployed[], page: string): Promise<string> {
  const lines = await Promise.all(deployed.map(async ({ path, server: { address: { endpoint, instead } }, figures }) => {
    const report = readFileSync(join(ROOT, figures.report), 'utf8');
    const { address } = await startProxy({ ...endpoint, model: figures.model }, { page, report }, instead);
    return `    ${address}   ${path.title}`;
  }));
  return ['', '  A page that asks the model, for a browser of this machine:', '', ...lines, ''].join('\n');
}
