import { basename, dirname, extname } from 'path';

/** Directory names without meaning: the usual name of a SavedModel, and version numbers. */
const NAMELESS = /^(saved_model|\d+)$/;
/** Most characters of a model's name: a Kubernetes service is named after it, and may have no more. */
const LONGEST_NAME = 50;

/** Derives a name for the user's own model from its path, in the characters that `modelName` allows. */
export function modelNameOf(path: string): string {
  const name = basename(path, extname(path));
  const telling = NAMELESS.test(name) ? basename(dirname(path)) : name;
  return telling.replace(/[^\w.-]+/g, '-').replace(/^[-._]+/, '').slice(0, LONGEST_NAME).replace(/[-._]+$/, '') || 'model';
}
