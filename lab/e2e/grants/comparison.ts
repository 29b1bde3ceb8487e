import type { Owner } from './owners';
import { ownerAmong } from './owners';
import type { Recording } from './recording';
import type { Row } from './table';
import type { Grant } from './unused-grants';
import { grantsAndUse } from './unused-grants';

/** Differences between the permissions that roles have, those they used, and the table of unused.md; none when all are empty. */
export interface Differences {
  readonly 'owners without a deployed role': string[];
  readonly 'neither used nor listed: take it away, or give the reason': string[];
  readonly 'listed, but used: take the row away': string[];
  readonly 'listed, but not granted: take the row away': string[];
}

export const NO_DIFFERENCES: Differences = {
  'owners without a deployed role': [],
  'neither used nor listed: take it away, or give the reason': [],
  'listed, but used: take the row away': [],
  'listed, but not granted: take the row away': [],
};

const text = (grants: Grant[]) => grants.map(({ who, action, resource }) => `${who}: ${action} on ${resource}`).sort();

/** Compares what the roles of some owners may do with what they did and with the rows about them. */
export function compareGrants(recordings: readonly Recording[], owners: readonly Owner[], rows: readonly Row[]): Differences {
  const names = owners.map(([, owner]) => owner);
  const ownerOf = (path: string) => ownerAmong(owners, path);
  const deployed = recordings.flatMap(({ stacks }) => stacks.flatMap(({ resources, allowed }) => Object.keys(allowed).map((role) => ownerOf(resources[role]))));
  const grants = grantsAndUse(recordings, ownerOf);
  const granted = text(grants);
  const used = text(grants.filter(({ isUsed }) => isUsed));
  const ofOwners = (some: readonly Row[]) => text(some.flatMap((row) => row.grants).filter(({ who }) => names.includes(who)));
  const listed = ofOwners(rows);
  const neverUsed = ofOwners(rows.filter(({ isSometimesUsed }) => !isSometimesUsed));
  return {
    'owners without a deployed role': names.filter((name) => !deployed.includes(name)),
    'neither used nor listed: take it away, or give the reason': granted.filter((grant) => !used.includes(grant) && !listed.includes(grant)),
    'listed, but used: take the row away': neverUsed.filter((grant) => used.includes(grant)),
    'listed, but not granted: take the row away': listed.filter((grant) => !granted.includes(grant)),
  };
}
