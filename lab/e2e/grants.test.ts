import { readFileSync } from 'fs';
import { join } from 'path';
import { ROOT } from './deployment';
import { compareGrants, NO_DIFFERENCES } from './grants/comparison';
import { OWNERS } from './grants/owners';
import { recordings } from './grants/recording';
import { readTable } from './grants/table';

// Comes last, and reads what the other tests of the run have recorded: it needs all of them.

// Needs root, without which no fleet is deployed.
(process.getuid?.() === 0 ? describe : describe.skip)('the roles of the deployed stacks', () => {
  test('use everything that they may do, except for what lab/e2e/grants/unused.md lists with a reason', () => {
    const rows = readTable(readFileSync(join(ROOT, 'lab', 'e2e', 'grants', 'unused.md'), 'utf8'), 'Granted and not used in the tests');
    const all = [...recordings().values()];

    expect(all.flatMap(({ requests }) => requests).length).toBeGreaterThan(1000);
    expect(compareGrants(all, OWNERS, rows)).toEqual(NO_DIFFERENCES);
  });
});
