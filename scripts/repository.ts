import { resolve } from 'path';

/** The clone that this script belongs to. */
export const ROOT = resolve(__dirname, '..');
