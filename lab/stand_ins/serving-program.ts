import { execFileSync } from 'child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..').replace(/[\\/]build$/, '');
const STAND_INS = join(ROOT, 'lab', 'stand_ins');
const PYTHON = join(ROOT, '.tools', 'python', 'bin', 'python');

/** Path at which instances under systemd have the directories that the embedded AWS shares with them. */
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
  return [home, packages];
}

/** The package, with that for gRPC, as one file that Python runs, whatever stands before it. */
function application(main: string, packages: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'stand-in-server-'));
  try {
    cpSync(join(STAND_INS, 'stand_in_server'), join(directory, 'source', 'stand_in_server'), { recursive: true });
    cpSync(join(packages, 'tensorflow_serving'), join(directory, 'source', 'tensorflow_serving'), { recursive: true });
    writeFileSync(join(directory, 'source', '__main__.py'), main);
    execFileSync(PYTHON, ['-m', 'zipapp', join(directory, 'source'), '--output', join(directory, 'application')]);
    return readFileSync(join(directory, 'application'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * Writes a program that takes the place of `tensorflow_model_server` on this machine, for `ServingBinary.fromAsset`.
 *
 * It is lab/stand_ins/stand_in_server, which answers with TensorFlow in Python, and not TensorFlow Serving. It is one file, as that is,
 * except for the interpreter and TensorFlow.
 *
 * @param main the program in Python; by default that of the package
 */
export function writeStandInServer(directory: string, main = readFileSync(join(STAND_INS, 'stand_in_server', '__main__.py'), 'utf8')): string {
  const path = join(directory, 'tensorflow_model_server');
  const { executable, home, packages } = pythonPaths();
  const header = [
    '#!/bin/sh',
    '# Not TensorFlow Serving: a test tool with its flags and its REST and gRPC interface.',
    'export TF_CPP_MIN_LOG_LEVEL=2',
    `if [ -d '${SHARED}${home}' ]; then`,
    `  export LD_LIBRARY_PATH='${SHARED}${home}/lib' PYTHONHOME='${SHARED}${home}' PYTHONPATH='${SHARED}${packages}'`,
    `  python='${SHARED}${executable}'`,
    `elif '${PYTHON}' -c '' 2> /dev/null; then`,
    `  python='${PYTHON}'`,
    'else',
    '  # The optimizer tries it as a user who may not start that. The build that it runs in has an interpreter and TensorFlow, too.',
    '  build="${0%/tmp/*}"',
    '  export LD_LIBRARY_PATH="$build/python/lib"',
    '  python="$build/src/.venv/bin/python"',
    'fi',
    'exec "$python" "$0" "$@"',
    '',
  ].join('\n');
  writeFileSync(path, Buffer.concat([Buffer.from(header), application(main, packages)]));
  chmodSync(path, 0o755);
  return path;
}
