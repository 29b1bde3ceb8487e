import { execFileSync } from 'child_process';
import { chmodSync, writeFileSync } from 'fs';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..').replace(/[\\/]build$/, '');
const STAND_INS = join(ROOT, 'test', 'stand_ins');
const PYTHON = join(ROOT, '.tools', 'python', 'bin', 'python');

/** Where the instances that boot under systemd have the directories that the embedded AWS shares with them. */
const SHARED = '/opt/host';

interface PythonPaths {
  /** The program itself, and not a link of a virtual environment. */
  readonly executable: string;
  readonly home: string;
  readonly packages: string;
}

function pythonPaths(): PythonPaths {
  const program = 'import json, os, sys, sysconfig; '
    + 'print(json.dumps({"executable": os.path.realpath(sys.executable), "home": os.path.realpath(sys.base_prefix), "packages": sysconfig.get_path("purelib")}))';
  return JSON.parse(execFileSync(PYTHON, ['-c', program], { encoding: 'utf8' })) as PythonPaths;
}

/** Returns what the program of `writeStandInServer` reads on this machine. */
export function standInDirectories(): string[] {
  const { home, packages } = pythonPaths();
  return [STAND_INS, home, packages];
}

/**
 * Writes a program that takes the place of `tensorflow_model_server` on this machine, for `ServingBinary.fromAsset`.
 *
 * It is test/stand_ins/stand_in_server, which answers with TensorFlow in Python, and not TensorFlow Serving.
 */
export function writeStandInServer(directory: string): string {
  const path = join(directory, 'tensorflow_model_server');
  const { executable, home, packages } = pythonPaths();
  writeFileSync(path, [
    '#!/bin/sh',
    '# Not TensorFlow Serving: a test tool with its flags and its REST and gRPC interface.',
    'export TF_CPP_MIN_LOG_LEVEL=2',
    `if [ -d '${SHARED}${STAND_INS}' ]; then`,
    `  export LD_LIBRARY_PATH='${SHARED}${home}/lib' PYTHONHOME='${SHARED}${home}' PYTHONPATH='${SHARED}${STAND_INS}:${SHARED}${packages}'`,
    `  python='${SHARED}${executable}'`,
    'else',
    `  export PYTHONPATH='${STAND_INS}'`,
    `  python='${PYTHON}'`,
    'fi',
    'exec "$python" -m stand_in_server "$@"',
    '',
  ].join('\n'));
  chmodSync(path, 0o755);
  return path;
}
