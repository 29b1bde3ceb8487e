import type { Delivery, ServingStack, Version } from './documents';

/** A set of versions that was live, and by what it became so. */
export interface Snapshot {
  /** Value that `--to` takes. */
  readonly id: string;
  /** Undefined if it became live by a deployment, or by a delivery that Step Functions does not remember. */
  readonly by?: Delivery;
  readonly versions: readonly Version[];
}

/** Number of characters of an execution's name that identify it in tables. */
const ID_LENGTH = 8;

/** Characters that a parameter of the standard tier takes. */
const LONGEST_PARAMETER = 4096;

export function shortId(id: string): string {
  return id.slice(0, ID_LENGTH);
}

/** Returns what was live, the newest first: by deliveries, and before them where that came about otherwise. */
export function snapshots(newestFirst: readonly Delivery[]): Snapshot[] {
  const delivered = newestFirst.filter(({ outcome }) => outcome === 'DELIVERED');
  return delivered.flatMap((delivery, index) => {
    const found: Snapshot[] = delivery.live.length > 0 ? [{ id: delivery.id, by: delivery, versions: delivery.live }] : [];
    const isKnown = index + 1 < delivered.length && isSame(delivered[index + 1].live, delivery.before);
    return delivery.before.length === 0 || isKnown ? found : [...found, { id: `before-${delivery.id}`, versions: delivery.before }];
  });
}

/**
 * Returns since when a stack serves a version, and the delivery that began it.
 *
 * The time is the stack's own last update where no delivery began it; neither is there where that is not known.
 */
export function liveSince(version: Version, stack: ServingStack, newestFirst: readonly Delivery[]): { since?: Date; by?: Delivery } {
  let first: Delivery | undefined;
  for (const delivery of newestFirst.filter(({ outcome }) => outcome === 'DELIVERED')) {
    if (!delivery.live.some((served) => isSame([served], [version]))) {
      break;
    }
    first = delivery;
    if (!delivery.before.some((served) => isSame([served], [version]))) {
      return { since: delivery.ended, by: delivery };
    }
  }
  // It served before the first delivery that is known, or a deployment brought it. A delivery that was rolled back has updated the stack since.
  return first === undefined && !newestFirst.some((delivery) => lasted(delivery, stack.updated)) ? { since: stack.updated } : {};
}

function lasted({ started, ended }: Delivery, at: Date | undefined): boolean {
  return at !== undefined && started <= at && (ended === undefined || at <= ended);
}

/**
 * Returns the versions to go back to.
 *
 * @param to ID of a snapshot, or its beginning; the newest that differs from what is live when absent
 * @throws with the way out if there is none
 */
export function rollbackTarget(live: readonly Version[], newestFirst: readonly Delivery[], to?: string): Snapshot {
  const all = snapshots(newestFirst);
  if (to !== undefined) {
    const found = all.filter(({ id }) => id.startsWith(to));
    if (found.length !== 1) {
      throw new Error(`--to ${JSON.stringify(to)} names ${found.length === 0 ? 'nothing that was live' : `${found.length} lines of history`}: `
        + `give one of ${all.map(({ id }) => id).join(', ') || 'none, because no delivery is known'}`);
    }
    if (isSame(found[0].versions, live)) {
      throw new Error(`--to ${JSON.stringify(to)} names what is live now: nothing to go back to`);
    }
    return found[0];
  }
  const previous = all.find(({ versions }) => !isSame(versions, live));
  if (previous === undefined) {
    throw new Error(`no other version is known to have been live, among ${newestFirst.length} executions: look at more with --limit, or upload the model that is to serve`);
  }
  return previous;
}

/** Returns the input of an execution that serves these versions. */
export function serveInput(versions: readonly Version[]): { serve: { bucket: string; manifestKey: string; manifestSha256: string }[] } {
  const named = versions.map(({ bucket, manifestKey, manifestSha256 }) => ({ bucket, manifestKey, manifestSha256 }));
  // Two stacks may serve one published version.
  const serve = [...new Map(named.map((version) => [`${version.bucket}/${version.manifestKey}`, version])).values()];
  const { length } = JSON.stringify(serve);
  if (length > LONGEST_PARAMETER) {
    throw new Error(`the ${serve.length} versions to go back to take ${length} characters, and a parameter of Systems Manager ${LONGEST_PARAMETER}: `
      + 'divide the models among several deliveries, or upload the model that is to serve');
  }
  return { serve };
}

export function isSame(some: readonly Version[], others: readonly Version[]): boolean {
  const text = (versions: readonly Version[]) => versions
    .map(({ stack, bucket, manifestKey, manifestSha256 }) => [stack, bucket, manifestKey, manifestSha256].join(' ')).sort().join('\n');
  return text(some) === text(others);
}
