import { existsSync, readFileSync } from 'fs';
import { dirname, join } from 'path';

const PACKAGE_NAME = 'cdk-tensorflow';

/**
 * Absolute path of something that the package ships beside its code.
 *
 * Compiled code lies one level deeper (build/lib) than its source (lib), so the root is found, not counted.
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
