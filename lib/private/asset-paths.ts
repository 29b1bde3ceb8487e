import { existsSync, readFileSync } from 'fs';
import { dirname, join } from 'path';

const PACKAGE_NAME = 'cdk-tensorflow';

/**
 * Returns the absolute path of a file that the package ships beside its code.
 *
 * Searches for the root, because compiled code (build/lib) lies one level deeper than its source (lib).
 */
export function packagePath(...segments: string[]): string {
  for (let directory = __dirname; ; directory = dirname(directory)) {
    const manifest = join(directory, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === PACKAGE_NAME) {
      return join(directory, ...segments);
    }
    if (directory === dirname(directory)) {
      throw new Error(`the package ${PACKAGE_NAME} has lost its package.json above ${__dirname}: install it again`);
    }
  }
}
