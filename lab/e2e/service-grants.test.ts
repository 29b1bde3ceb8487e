import { readFileSync } from 'fs';
import { join } from 'path';
import { ROOT } from './deployment';
import { compareGrants, NO_DIFFERENCES } from './grants/comparison';
import { SERVICE_OWNERS } from './grants/owners';
import { recordings } from './grants/recording';
import { readTable } from './grants/table';

// Comes last, and reads what the other tests of services have recorded: it needs all of them.

test('the pods use everything that their role may do, except for what lab/e2e/grants/unused.md lists with a reason', () => {
  const rows = readTable(readFileSync(join(ROOT, 'lab', 'e2e', 'grants', 'unused.md'), 'utf8'), 'Granted and not used in the tests');

  expect(compareGrants([...recordings().values()], SERVICE_OWNERS, rows)).toEqual(NO_DIFFERENCES);
});
