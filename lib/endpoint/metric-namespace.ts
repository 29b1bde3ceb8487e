/** Namespace of the metrics that this library produces itself. */
export const METRIC_NAMESPACE = 'CdkTensorFlow';
