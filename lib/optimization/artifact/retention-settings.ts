import type { Duration } from 'aws-cdk-lib';
import { checkTypes, DAYS } from '../../private/property-types';
import { checkInteger } from '../../private/validation';
import type { ArtifactRetention } from '../optimization-options';

const DEFAULT_VERSIONS = 5;
const DEFAULT_AGE_DAYS = 30;
const DAY_SECONDS = 86_400;

/** Returns every problem of a retention. */
export function checkRetention(retention: ArtifactRetention | undefined): string[] {
  const ofOtherType = checkTypes<ArtifactRetention>(retention ?? {}, { age: DAYS }).map((problem) => `retention.${problem}`);
  return [...checkInteger('retention.versions', retention?.versions, 2, 1000), ...ofOtherType, ...ofOtherType.length > 0 ? [] : ageProblems(retention?.age)];
}

/** The retention with its defaults, as the pruning function reads it. */
export function retentionSettings({ versions = DEFAULT_VERSIONS, age }: ArtifactRetention): { readonly versions: number; readonly ageSeconds: number } {
  return { versions, ageSeconds: Math.ceil(age?.toSeconds({ integral: false }) ?? DEFAULT_AGE_DAYS * DAY_SECONDS) };
}

function ageProblems(age: Duration | undefined): string[] {
  if (age?.isUnresolved()) {
    return ['retention.age must be known when the app is synthesized, because the unit of a token cannot be converted, and got a token: give e.g. Duration.days(30)'];
  }
  return age === undefined || age.toSeconds({ integral: false }) >= DAY_SECONDS
    ? []
    : [`retention.age must be at least 1 day, got ${age.toHumanString()}: whatever is younger may still be needed by a deployment or a rollback`];
}
