export { METRIC_NAMESPACE } from '../private/metric-namespace';
