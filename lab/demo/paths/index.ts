import type { DemoOptions } from '../options';
import type { DemoPath } from '../path';
import type { PathName } from '../path-name';
import { fleetPath, liteRtFleetPath } from './fleet';
import { functionPath } from './function';
import { liteRtServicePath, servicePath } from './service';

export const PATHS: Record<PathName, DemoPath> = { function: functionPath, service: servicePath, fleet: fleetPath };

/** Paths with the LiteRT server, if they have a choice. */
export const LITERT_PATHS: Record<PathName, DemoPath> = { ...PATHS, service: liteRtServicePath, fleet: liteRtFleetPath };

/** Returns what to show, in order. */
export function pathsToShow({ paths, server }: Pick<DemoOptions, 'paths' | 'server'>): DemoPath[] {
  return paths.map((name) => (server === 'litert' ? LITERT_PATHS : PATHS)[name]);
}
