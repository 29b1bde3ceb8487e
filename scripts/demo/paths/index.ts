import type { DemoPath, PathName } from '../path';
import { fleetPath } from './fleet';
import { functionPath } from './function';

/** In the order in which the demo shows them. */
export const PATHS: Partial<Record<PathName, DemoPath>> = { function: functionPath, fleet: fleetPath };
