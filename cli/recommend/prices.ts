import { readFileSync } from 'fs';
import type { Architecture } from '../../lib/private/documents/job';
import ours from './prices.json';

/** On-demand list prices, before tax, discounts and free tiers. */
export interface Prices {
  /** Month of the prices, `YYYY-MM`. */
  readonly asOf: string;
  readonly region: string;
  readonly currency: string;
  /** The pages that the prices are from. */
  readonly sources: readonly string[];
  readonly lambdaRequest: number;
  readonly lambdaGibibyteSecond: Readonly<Record<Architecture, number>>;
  readonly eksClusterHour: number;
  /** Surcharge of EKS Auto Mode, as a share of the instances' price. */
  readonly eksAutoModeShare: number;
  readonly networkLoadBalancerHour: number;
  /** Ingesting one gigabyte into CloudWatch Logs. */
  readonly logGigabyte: number;
  /** One custom metric of CloudWatch, in a month with data. */
  readonly metricMonth: number;
  /** One minute on CodeBuild's LARGE machine, the default. */
  readonly buildMinute: number;
  readonly instances: Readonly<Record<string, Instance>>;
}

/** An instance type whose processors are its own; burstable types are none. */
export interface Instance {
  readonly architecture: Architecture;
  readonly processors: number;
  readonly memoryGibibytes: number;
  readonly hour: number;
}

/** Hours of a month, as AWS's own calculator counts them. */
export const HOURS_PER_MONTH = 730;

/**
 * Returns this package's prices, overridden by those in a JSON file of the same form. `instances` of the file replace and add types.
 *
 * Throws with all members that are unknown or of another type.
 */
export function readPrices(file?: string): Prices {
  const base = ours as Prices;
  if (file === undefined) {
    return base;
  }
  const given = parsed(file);
  const problems = Object.entries(given).flatMap(([name, value]) => (name === 'instances' ? instanceProblems(value) : memberProblems(name, value, base)));
  if (problems.length > 0) {
    throw new Error(`${file}: ${problems.join('\n')}`);
  }
  return { ...base, ...given, instances: { ...base.instances, ...given.instances as Prices['instances'] } };
}

function parsed(file: string): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isObject(content)) {
      return content;
    }
  } catch (error) {
    throw new Error(`--prices must be a JSON file, and ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  throw new Error(`--prices must be a JSON object, and ${file} is none`);
}

function memberProblems(name: string, value: unknown, base: Prices): string[] {
  const known = base[name as keyof Prices];
  const isAlike = typeof known === 'number' ? isPrice(value)
    : Array.isArray(known) ? Array.isArray(value) && value.every((each) => typeof each === 'string')
      : typeof known === 'string' ? typeof value === 'string' && value !== ''
        : isObject(known) && isObject(value) && Object.keys(known).every((key) => isPrice(value[key])) && Object.keys(value).every((key) => key in known);
  return isAlike ? [] : [`there are the prices ${Object.keys(base).join(', ')}, and got ${name}: ${JSON.stringify(value)}`];
}

function instanceProblems(value: unknown): string[] {
  const isInstance = (instance: unknown) => isObject(instance) && ['x86_64', 'arm64'].includes(String(instance.architecture))
    && Number.isInteger(instance.processors) && Number(instance.processors) > 0 && isPrice(instance.memoryGibibytes) && isPrice(instance.hour);
  return isObject(value) ? Object.entries(value).filter(([, instance]) => !isInstance(instance))
    .map(([type, instance]) => `an instance has an architecture (x86_64 or arm64), processors, memoryGibibytes and a price for an hour, and got ${type}: ${JSON.stringify(instance)}`)
    : [`instances must be an object by instance type, got ${JSON.stringify(value)}`];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPrice(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
