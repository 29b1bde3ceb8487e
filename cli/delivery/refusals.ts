import type { Kept } from '../../lib/private/documents/kept';
import type { Delivery, Version } from './documents';
import { isSame } from './timeline';

/** A model that the gate refused, as a deployment with `RefusalBehavior.KEEP_PREVIOUS` records it. */
export type Refusal = Kept['refusals'][number];

/** Returns the prefix of a version's model in its bucket. */
export function prefixOf({ manifestKey }: Version): string {
  return manifestKey.split('/').slice(0, -3).join('/');
}

/**
 * Returns deliveries with the reasons of refusals: to CloudFormation, and so to the state machine, an update that kept the previous version succeeded.
 *
 * @param refusals by `<bucket>/<prefix>` of their models
 */
export function withRefusals(deliveries: readonly Delivery[], refusals: ReadonlyMap<string, readonly Refusal[]>): Delivery[] {
  return deliveries.map((delivery) => {
    const { outcome, started, ended, live, before } = delivery;
    const found = outcome !== 'DELIVERED' || ended === undefined ? [] : live.flatMap((version) => refusals.get(`${version.bucket}/${prefixOf(version)}`) ?? [])
      .filter(({ refusedAt }) => started <= new Date(refusedAt) && new Date(refusedAt) <= ended);
    return found.length === 0 ? delivery : {
      ...delivery, outcome: isSame(live, before) ? 'REFUSED' : outcome, reason: [...new Set(found.map(({ reason }) => reason))].join('; '),
    };
  });
}
