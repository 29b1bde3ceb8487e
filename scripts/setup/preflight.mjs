// Checks the requirements of this machine before the first package is installed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findPython, root, SUPPORTED } from './environment.mjs';

const OLDEST_NODE = 20;

/**
 * Returns all obstacles, one sentence each.
 *
 * @param machine `platform` and `node` by Node.js's names; `python`, or undefined if none is suitable; `namespaces`, why they are unavailable if
 * needed.
 */
export function problemsOf({ platform, node, python, namespaces }) {
  return [
    ...(platform === 'linux' ? [] : [`this repository is developed and shown on Linux, and this is ${platform}: use a Linux machine, container or WSL 2`]),
    ...(Number(node.split('.')[0]) >= OLDEST_NODE ? [] : [`Node.js ${OLDEST_NODE} or newer is needed, got ${node}: install a newer one`]),
    ...(python ? [] : [`no Python ${SUPPORTED.join(', ')} with venv and pip was found on the PATH or under pyenv: install one (Debian: apt install python3 python3-venv)`]),
    ...(namespaces ? [namespaces] : []),
  ];
}

/** Returns the Python to set up with. Throws with all obstacles on this machine. */
export function preflight({ namespaces = false } = {}) {
  const python = findPython();
  const problems = problemsOf({
    platform: process.platform, node: process.versions.node, python, namespaces: namespaces && python ? whyNoNamespaces(python) : undefined,
  });
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
  return python;
}

/** Returns why the embedded AWS cannot run functions and instances here. */
function whyNoNamespaces(python) {
  const { stdout, stderr, status } = spawnSync(python, ['-c', 'from embedded_aws.host.namespaces import why_not; print(why_not() or "", end="")'], {
    env: { ...process.env, PYTHONPATH: join(root, 'lab', 'emulator', 'src'), PYTHONDONTWRITEBYTECODE: '1' }, encoding: 'utf8',
  });
  return status === 0 ? stdout : stderr;
}
