import { FUNCTION_METRICS, LEAST_INSTANCES, LEAST_PODS, LOG_BYTES, ONE_PROCESSOR_MEBIBYTES, PLANNED_LOAD } from '../../cli/recommend/defaults';
import type { Prices } from '../../cli/recommend/prices';
import { HOURS_PER_MONTH } from '../../cli/recommend/prices';
import type { PathName } from './path-name';

const MILLION = 1_000_000;
/** The instance type in the estimates: the default of fleets. */
const INSTANCE_TYPE = 'm7i.large';

/** Costs of a path with its defaults, without data transfer, storage and load balancer capacity units, which depend on the requests' size. */
export interface Costs {
  /** A month without requests. */
  readonly idleMonth: number;
  /** Additional fixed costs of a month with requests. */
  readonly busyMonth: number;
  /**
   * Additional costs of a million requests of one instance each. For instances, their share at the planned load, so part of `idleMonth` until they
   * are busy.
   */
  readonly millionRequests: number;
}

/**
 * Estimates the costs of running a path and of its answers.
 *
 * @param milliseconds one prediction on one processor
 */
export function costsOf(path: PathName, milliseconds: number, prices: Prices): Costs {
  if (path === 'function') {
    const billedSeconds = Math.max(1, Math.ceil(milliseconds)) / 1000;
    const log = LOG_BYTES / 1e9 * prices.logGigabyte;
    const request = prices.lambdaRequest + billedSeconds * ONE_PROCESSOR_MEBIBYTES / 1024 * prices.lambdaGibibyteSecond.x86_64 + log;
    return { idleMonth: 0, busyMonth: FUNCTION_METRICS * prices.metricMonth, millionRequests: MILLION * request };
  }
  const instance = prices.instances[INSTANCE_TYPE];
  const instanceHour = instance.hour * (path === 'service' ? 1 + prices.eksAutoModeShare : 1);
  const hourly = path === 'service'
    ? prices.eksClusterHour + LEAST_PODS * instanceHour
    : prices.networkLoadBalancerHour + LEAST_INSTANCES * instanceHour;
  const requestsPerHour = instance.processors * PLANNED_LOAD * 3_600_000 / milliseconds;
  return { idleMonth: hourly * HOURS_PER_MONTH, busyMonth: 0, millionRequests: MILLION * instanceHour / requestsPerHour };
}
