import type { Duration } from 'aws-cdk-lib';

/**
 * Which published versions of a model to keep. All others are pruned, with their reports.
 *
 * A version is kept as long as any of the two properties keeps it. Never pruned are what a stack serves or served before, what a parameter names, what is
 * kept in the place of a refused model, the two newest versions, and what is younger than a day.
 */
export interface ArtifactRetention {
  /**
   * How many of the newest published versions to keep, from 2 to 1000.
   *
   * @default 5
   */
  readonly versions?: number;

  /**
   * How long to keep a version after it was published, and a build's report, at least one day.
   *
   * @default Duration.days(30)
   */
  readonly age?: Duration;
}
