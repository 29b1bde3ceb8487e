import { chmodSync, writeFileSync } from 'fs';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..').replace(/[\\/]build$/, '');

/**
 * Writes a program that takes the place of `tensorflow_model_server` on this machine, for `ServingBinary.fromAsset`.
 *
 * It is test/stand_ins/stand_in_server, which answers with TensorFlow in Python, and not TensorFlow Serving.
 */
export function writeStandInServer(directory: string): string {
  const path = join(directory, 'tensorflow_model_server');
  writeFileSync(path, [
    '#!/bin/sh',
    '# Not TensorFlow Serving: a test tool with its flags and its REST and gRPC interface.',
    `PYTHONPATH='${join(ROOT, 'test', 'stand_ins')}' TF_CPP_MIN_LOG_LEVEL=2 exec '${join(ROOT, '.tools', 'python', 'bin', 'python')}' -m stand_in_server "$@"`,
    '',
  ].join('\n'));
  chmodSync(path, 0o755);
  return path;
}
