import type { DemoOptions } from '../options';
import type { DemoPath } from '../path';
import type { PathName } from '../path-name';
import { fleetPath, liteRtFleetPath } from './fleet';
import { functionPath } from './function';
import { liteRtServicePath, servicePath } from './service';

/** Before the name of a stack that is deployed beside the one with the other server. */
const STACK_PREFIX = 'LiteRt';

export const PATHS: Record<PathName, DemoPath> = { function: functionPath, service: servicePath, fleet: fleetPath };

/** The same with the LiteRT server, where a path has a choice. */
export const LITERT_PATHS: Record<PathName, DemoPath> = { ...PATHS, service: liteRtServicePath, fleet: liteRtFleetPath };

/** Returns what to show, in order. With both servers, a path that has a choice comes twice, with a stack for each. */
export function pathsToShow({ paths, server }: Pick<DemoOptions, 'paths' | 'server'>): DemoPath[] {
  if (server !== 'both') {
    return paths.map((name) => (server === 'litert' ? LITERT_PATHS : PATHS)[name]);
  }
  return paths.flatMap((name) => (LITERT_PATHS[name] === PATHS[name] ? [PATHS[name]] : [PATHS[name], inOwnStack(LITERT_PATHS[name])]));
}

function inOwnStack(path: DemoPath): DemoPath {
  return { ...path, stack: `${STACK_PREFIX}${path.stack}`, context: (run) => ({ ...path.context?.(run), stackPrefix: STACK_PREFIX }) };
}
