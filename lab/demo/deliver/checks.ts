import type { Delivery } from '../../../cli/delivery/documents';
import type { Phase } from '../../load/clients';

/** Expected end of an upload's delivery. */
export interface Expected {
  readonly outcome: Delivery['outcome'];
  /** Texts that its reason must contain. */
  readonly reason?: RegExp;
}

/** Throws if a delivery ended otherwise than expected. */
export function checkOutcome(model: string, { outcome, reason }: Pick<Delivery, 'outcome' | 'reason'>, expected: Expected): void {
  if (outcome !== expected.outcome || !(expected.reason ?? /^/).test(reason)) {
    const wanted = expected.reason ? `${expected.outcome} with a reason like ${expected.reason}` : expected.outcome;
    throw new Error(`the delivery of ${model} must end as ${wanted}, and ended as ${outcome}: ${reason || 'no reason'}`);
  }
}

/** Throws if callers get answers of another model than the expected one. */
export function checkServed(model: string, expected: string, answers: string): void {
  if (answers !== expected) {
    throw new Error(`callers must get answers of ${model}, and get others`);
  }
}

/** Throws if a request of the callers failed, or none was sent. */
export function checkCalls({ requests, failed, failures }: Pick<Phase, 'requests' | 'failed' | 'failures'>): void {
  if (requests === 0) {
    throw new Error('the callers sent no request, so that nothing is shown');
  }
  if (failed > 0) {
    throw new Error(`${failed} of ${requests} requests failed; the first: ${failures[0]}`);
  }
}
