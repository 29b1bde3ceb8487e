import { readFileSync } from 'fs';
import { join } from 'path';
import type { PathName } from './path-name';

const HOURS_PER_MONTH = 730;
const LAMBDA_MEMORY_GIBIBYTES = 1769 / 1024;
const MILLION = 1_000_000;
/** Processors of an m7i.large, the instance type in the estimates. */
const INSTANCE_PROCESSORS = 2;
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

/** On-demand list prices, before tax, discounts and free tiers. `--prices FILE` overrides individual prices. */
export interface Prices {
  /** Month of the prices, `YYYY-MM`. */
  readonly asOf: string;
  readonly region: string;
  readonly currency: string;
  readonly lambdaRequest: number;
  readonly lambdaGibibyteSecond: number;
  readonly eksClusterHour: number;
  /** Surcharge of EKS Auto Mode, as a share of the instances' price. */
  readonly eksAutoModeShare: number;
  /** One m7i.large. */
  readonly instanceHour: number;
  readonly networkLoadBalancerHour: number;
  /** Ingesting one gigabyte into CloudWatch Logs. */
  readonly logGigabyte: number;
  /** One custom metric of CloudWatch, in a month with data. */
  readonly metricMonth: number;
  /** One minute on CodeBuild's LARGE machine, the default. */
  readonly buildMinute: number;
}

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

/** Reads this repository's prices, overridden by those in `file`. Throws if the file names an unknown price. */
export function readPrices(file?: string): Prices {
  const ours = JSON.parse(readFileSync(join(__dirname, 'prices.json'), 'utf8')) as Prices;
  if (!file) {
    return ours;
  }
  const given = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const wrong = Object.entries(given).filter(([name, value]) => !(name in ours) || typeof value !== typeof ours[name as keyof Prices]);
  if (wrong.length > 0) {
    throw new Error(`--prices knows ${Object.keys(ours).join(', ')}, and got ${wrong.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ')}`);
  }
  return { ...ours, ...given };
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
    const request = prices.lambdaRequest + billedSeconds * LAMBDA_MEMORY_GIBIBYTES * prices.lambdaGibibyteSecond + log;
    return { idleMonth: 0, busyMonth: FUNCTION_METRICS * prices.metricMonth, millionRequests: MILLION * request };
  }
  const instanceHour = prices.instanceHour * (path === 'service' ? 1 + prices.eksAutoModeShare : 1);
  const hourly = path === 'service'
    ? prices.eksClusterHour + SERVICE_NODES * instanceHour
    : prices.networkLoadBalancerHour + FLEET_INSTANCES * instanceHour;
  const requestsPerHour = INSTANCE_PROCESSORS * PLANNED_LOAD * 3_600_000 / milliseconds;
  return { idleMonth: hourly * HOURS_PER_MONTH, busyMonth: 0, millionRequests: MILLION * instanceHour / requestsPerHour };
}
