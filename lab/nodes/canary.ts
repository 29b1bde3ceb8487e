import { isCanary, versionOf } from '../e2e/deployed-service';
import type { Pod } from '../emulator/client/kubernetes';
import type { Cluster } from './cluster';

/** The pods that took requests at one moment. */
export interface Watched {
  /** Versions of the canary's pods. */
  readonly canary: string[];
  /** Names of the others, sorted. */
  readonly names: string[];
}

/** The versions that pods serve. */
export function versionsOf(pods: Pod[]): { canary: string[]; stable: string[] } {
  const of = (canary: boolean) => pods.filter((pod) => isCanary(pod) === canary).map(versionOf).sort();
  return { canary: of(true), stable: of(false) };
}

/** Looks every second which pods take requests, until it is stopped. */
export function watchPods(cluster: Cluster): { readonly seen: Watched[]; readonly stop: () => void } {
  const seen: Watched[] = [];
  const timer = setInterval(() => void cluster.pods().then((pods) => seen.push({
    canary: versionsOf(pods).canary,
    names: pods.filter((pod) => !isCanary(pod)).map(({ metadata }) => metadata.name).sort(),
  }), () => undefined), 1000);
  return { seen, stop: () => clearInterval(timer) };
}
