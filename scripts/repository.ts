import { resolve } from 'path';

/** Root of this clone. */
export const ROOT = resolve(__dirname, '..');
