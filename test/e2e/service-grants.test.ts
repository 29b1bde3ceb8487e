import { readFileSync } from 'fs';
import { join } from 'path';
import { compareGrants, NO_DIFFERENCES } from '../grants/comparison';
import { SERVICE_OWNERS } from '../grants/owners';
import { recordings } from '../grants/recording';
import { readTable } from '../grants/table';
import { ROOT } from './deployment';

// Comes last, and reads what the other tests of services have recorded: it needs all of them.

test('the pods use everything that their role may do, except for what docs/security.md lists with a reason', () => {
  const rows = readTable(readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8'), 'Granted and not used in the tests');

  expect(compareGrants([...recordings().values()], SERVICE_OWNERS, rows)).toEqual(NO_DIFFERENCES);
});
