import { functionOffer } from './function-offer';
import { fleetOffer, serviceOffer } from './machine-offers';
import type { Offer, Question, Refusal } from './offer';

export interface Recommendation extends Question {
  readonly offers: readonly Offer[];
  readonly refusals: readonly Refusal[];
  /** The path with the smallest costs a month; undefined if none serves as wanted. */
  readonly cheapest?: Offer['path'];
}

/** Returns what each path takes and costs, the cheapest first. */
export function recommend(question: Question): Recommendation {
  const all = [functionOffer(question), serviceOffer(question), fleetOffer(question)];
  const offers = all.filter((each) => 'month' in each).sort((left, right) => left.month - right.month);
  return { ...question, offers, refusals: all.filter((each) => 'reason' in each), cheapest: offers[0]?.path };
}
