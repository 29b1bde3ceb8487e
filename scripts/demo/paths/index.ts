import type { DemoPath } from '../path';
import type { PathName } from '../path-name';
import { fleetPath, liteRtFleetPath } from './fleet';
import { functionPath } from './function';
import { liteRtServicePath, servicePath } from './service';

export const PATHS: Record<PathName, DemoPath> = { function: functionPath, service: servicePath, fleet: fleetPath };

/** The same with the LiteRT server, where a path has a choice. */
export const LITERT_PATHS: Record<PathName, DemoPath> = { ...PATHS, service: liteRtServicePath, fleet: liteRtFleetPath };
