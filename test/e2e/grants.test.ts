import { readFileSync } from 'fs';
import { join } from 'path';
import { ownerOf, OWNERS } from '../grants/owners';
import { recordings } from '../grants/recording';
import { readTable } from '../grants/table';
import { grantsAndUse } from '../grants/unused-grants';
import { ROOT } from './deployment';

// Comes last, and reads what the other tests of the run have recorded: it needs all of them.

const TITLE = 'Granted and not used in the tests';
const table = readTable(readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8'), TITLE);
const text = (grants: { who: string; action: string; resource: string }[]) => grants.map(({ who, action, resource }) => `${who}: ${action} on ${resource}`).sort();

// Without root no fleet is deployed.
(process.getuid?.() === 0 ? describe : describe.skip)('the roles of the deployed stacks', () => {
  test('of each owner were deployed, and made requests that were judged', () => {
    const all = [...recordings().values()];
    const roles = all.flatMap(({ stacks }) => stacks.flatMap(({ resources, allowed }) => Object.keys(allowed).map((role) => ownerOf(resources[role]))));

    expect([...new Set(roles)].filter((owner) => owner !== undefined).sort()).toEqual(OWNERS.map(([, owner]) => owner).sort());
    expect(all.flatMap(({ requests }) => requests).length).toBeGreaterThan(1000);
  });

  test('use everything that they may do, except for what docs/security.md lists with a reason', () => {
    const grants = grantsAndUse(recordings().values(), ownerOf);
    const granted = text(grants);
    const used = text(grants.filter(({ isUsed }) => isUsed));
    const listed = text(table.flatMap((row) => row.grants));
    const neverUsed = text(table.filter(({ isSometimesUsed }) => !isSometimesUsed).flatMap((row) => row.grants));

    expect({
      'neither used nor listed: take it away, or give the reason': granted.filter((grant) => !used.includes(grant) && !listed.includes(grant)),
      'listed, but used: take the row away': neverUsed.filter((grant) => used.includes(grant)),
      'listed, but not granted: take the row away': listed.filter((grant) => !granted.includes(grant)),
    }).toEqual({
      'neither used nor listed: take it away, or give the reason': [],
      'listed, but used: take the row away': [],
      'listed, but not granted: take the row away': [],
    });
  });
});
