/**
 * What the monitor's build tells EventBridge's default bus and CloudWatch.
 *
 * `tensorflow_optimizer/drift/announce.py` has the same names; `optimizer/schema/drift-event.schema.json` describes an event's detail.
 */
export const MODEL_DRIFTED = 'ModelDrifted';
export const COMPARED_SAMPLES = 'ComparedSamples';
export const DRIFTED_FEATURES = 'DriftedFeatures';
export const STABILITY_INDEX = 'MaxPopulationStabilityIndex';
export const DIVERGENCE = 'MaxJensenShannonDivergence';
/** Prefix of the reports in the capture bucket. */
export const REPORT_PREFIX = 'drift-reports';
