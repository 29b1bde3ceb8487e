import type { DemoPath, PathName } from '../path';
import { fleetPath } from './fleet';
import { functionPath } from './function';
import { servicePath } from './service';

/** In the order in which the demo shows them. */
export const PATHS: Record<PathName, DemoPath> = { function: functionPath, service: servicePath, fleet: fleetPath };
