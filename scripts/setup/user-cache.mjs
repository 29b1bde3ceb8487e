// The cache that the user's clones share, and each can make again: a directory of entries for each kind.
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const DAYS_UNUSED = 30;

/** The directory for what clones share of a kind. */
export const userCache = (kind) => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cdk-tensorflow', kind);

/** Keeps an entry for another 30 days, where the cache can be written. */
export function markUsed(entry) {
  try {
    utimesSync(entry, new Date(), new Date());
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) {
      throw error;
    }
  }
}

/** Removes the entries of a kind that no clone has used for 30 days, and what processes left that were killed while they made one. */
export function removeUnused(kind) {
  const directory = userCache(kind);
  const oldest = Date.now() - DAYS_UNUSED * 86_400_000;
  (existsSync(directory) ? readdirSync(directory) : []).map((name) => join(directory, name))
    .filter((entry) => statSync(entry, { throwIfNoEntry: false })?.mtimeMs < oldest)
    .forEach((entry) => rmSync(entry, { recursive: true, force: true }));
}
