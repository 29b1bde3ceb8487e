import type { Figure, Manifest } from '../../lib/private/documents/manifest';
import type { DeliveryClient } from './client';
import type { Delivery, ServingStack, Upload, Version } from './documents';
import { numberOf } from './documents';
import { liveSince, shortId } from './timeline';

/** Version that one model of a stack serves. */
export interface Endpoint {
  readonly stack: string;
  readonly status: string;
  readonly model: string;
  readonly version: string;
  readonly since?: Date;
  /** ID of a delivery, or how else it became live. */
  readonly by: string;
  readonly objectVersion: string;
  readonly figures: string;
  readonly served?: Version;
  readonly manifest?: Manifest;
}

export interface Status {
  readonly endpoints: readonly Endpoint[];
  readonly source: string;
  readonly serve: string;
  readonly newest?: Upload;
  readonly running: readonly Delivery[];
}

export async function statusOf(client: DeliveryClient, limit: number): Promise<Status> {
  const [stacks, parameters, [newest], deliveries] = await Promise.all([client.stacks(), client.parameters(), client.uploads(), client.deliveries(limit)]);
  const endpoints = await Promise.all(stacks.flatMap((stack) => (stack.versions.length === 0 ? [Promise.resolve(unserved(stack))]
    : stack.versions.map(async (version) => endpointOf(stack, version, await client.manifest(version), deliveries)))));
  return { endpoints, ...parameters, newest, running: deliveries.filter(({ outcome }) => outcome === 'RUNNING') };
}

/** Returns an error with four digits, or the text of one that is no finite number. */
const errorText = (error: Figure) => (typeof error === 'number' ? error.toPrecision(4) : error);

/** Returns a manifest's size, quality and latency. */
function figures(manifest: Manifest | undefined): string {
  if (manifest === undefined) {
    return 'no manifest to read';
  }
  const qualities = Object.entries(manifest.evaluation?.outputs ?? {}).flatMap(([output, { accuracy, meanAbsoluteError }]) => (
    typeof accuracy === 'number' ? [`${output} accuracy ${accuracy.toFixed(4)}`] : (meanAbsoluteError ?? null) !== null ? [`${output} error ${errorText(meanAbsoluteError!)}`] : []));
  const latency = typeof manifest.latencyMilliseconds === 'number' ? [`${manifest.latencyMilliseconds.toPrecision(3)} ms`] : [];
  return [manifest.candidate, `${(manifest.sizeBytes / 1e6).toFixed(2)} MB`, ...qualities, ...latency].join(', ');
}

/** Statuses of stacks whose first deployment did not end well, or was not made. */
const NEVER_DEPLOYED = ['REVIEW_IN_PROGRESS', 'ROLLBACK_COMPLETE', 'DELETE_COMPLETE'];

function unserved({ name, status }: ServingStack): Endpoint {
  return {
    stack: name, status: status ?? 'not deployed', model: '–', version: '–', objectVersion: '–', by: '–',
    figures: status === undefined || NEVER_DEPLOYED.includes(status) ? `not deployed: cdk deploy ${name}` : 'deploy it once with this library\'s version to see what it serves',
  };
}

function endpointOf(stack: ServingStack, version: Version, manifest: Manifest | undefined, deliveries: readonly Delivery[]): Endpoint {
  const { since, by } = liveSince(version, stack, deliveries);
  return {
    stack: stack.name,
    status: stack.status!,
    model: version.model,
    version: numberOf(version),
    since,
    by: by ? shortId(by.id) : since ? 'a deployment' : 'unknown',
    objectVersion: manifest?.source.objectVersion ?? (by?.serve === 'built' ? by.objectVersion : '–'),
    figures: figures(manifest),
    served: version,
    manifest,
  };
}
