import { basename, dirname, extname } from 'path';

/** Directory names that say nothing about the model: the usual name of a SavedModel, and version numbers. */
const NAMELESS = /^(saved_model|\d+)$/;
const LONGEST = 63;

/** A name for a model of the user's own, from its path, in the characters that `modelName` allows. */
export function modelNameOf(path: string): string {
  const name = basename(path, extname(path));
  const telling = NAMELESS.test(name) ? basename(dirname(path)) : name;
  return telling.toLowerCase().replace(/[^a-z0-9-]+/g, '-').slice(0, LONGEST).replace(/^-+|-+$/g, '') || 'model';
}
