// Generated from runtime/build_runner/src/model_builds/documents/kept.schema.json by `npm run schemas`.

/**
 * keys/<build key>/kept.json: the attempts of a job that the gate refused, and what is served instead.
 */
export interface Kept {
  schemaVersion: 1;
  refusals: {
    /**
     * Attempt of the job; one entry for each.
     */
    attempt: string;
    /**
     * The optimizer's sentence.
     */
    reason: string;
    /**
     * Key of the refused build's report.html; empty where it left none.
     */
    reportKey: string;
    /**
     * The refused build in the console.
     */
    buildUrl: string;
    /**
     * UTC.
     */
    refusedAt: string;
    /**
     * Build key of the version that is served instead.
     */
    keptBuildKey: string;
    /**
     * Number of that version.
     */
    keptVersion: string;
  }[];
}
