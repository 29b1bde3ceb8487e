import type { DemoPath } from '../path';
import type { PathName } from '../path-name';
import { fleetPath } from './fleet';
import { functionPath } from './function';
import { servicePath } from './service';

export const PATHS: Record<PathName, DemoPath> = { function: functionPath, service: servicePath, fleet: fleetPath };
