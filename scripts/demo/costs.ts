import type { Prices } from '../../cli/recommend/prices';
import { HOURS_PER_MONTH } from '../../cli/recommend/prices';
import type { PathName } from './path-name';

const LAMBDA_MEMORY_GIBIBYTES = 1769 / 1024;
const MILLION = 1_000_000;
/** The instance type in the estimates: the default of fleets. */
const INSTANCE_TYPE = 'm7i.large';
/** Share of a processor's time for requests: the utilization that groups and pods scale to. */
const PLANNED_LOAD = 0.6;
const FLEET_INSTANCES = 2;
/** Bytes logged per request: the handler's line with its metrics, and Lambda's lines for start and report. */
const HANDLER_LOG_BYTES = 700;
const LAMBDA_LOG_BYTES = 550;
/** Latency, errors and load time, each for the function and for its version. */
const FUNCTION_METRICS = 6;
/** Nodes for a service's minimum of three pods, one per Availability Zone. */
const SERVICE_NODES = 3;

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
    const log = (HANDLER_LOG_BYTES + LAMBDA_LOG_BYTES) / 1e9 * prices.logGigabyte;
    const request = prices.lambdaRequest + billedSeconds * LAMBDA_MEMORY_GIBIBYTES * prices.lambdaGibibyteSecond.x86_64 + log;
    return { idleMonth: 0, busyMonth: FUNCTION_METRICS * prices.metricMonth, millionRequests: MILLION * request };
  }
  const instance = prices.instances[INSTANCE_TYPE];
  const instanceHour = instance.hour * (path === 'service' ? 1 + prices.eksAutoModeShare : 1);
  const hourly = path === 'service'
    ? prices.eksClusterHour + SERVICE_NODES * instanceHour
    : prices.networkLoadBalancerHour + FLEET_INSTANCES * instanceHour;
  const requestsPerHour = instance.processors * PLANNED_LOAD * 3_600_000 / milliseconds;
  return { idleMonth: hourly * HOURS_PER_MONTH, busyMonth: 0, millionRequests: MILLION * instanceHour / requestsPerHour };
}
