// What a machine must be for anything here to run: asked before the first package is installed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findPython, root, SUPPORTED } from './environment.mjs';

const OLDEST_NODE = 20;

/**
 * What stands in the way, one sentence each.
 *
 * @param machine `platform` and `node` as Node.js names them; `python`, or undefined where there is no suitable one;
 * `namespaces`, why none can be made, where they are needed.
 */
export function problemsOf({ platform, node, python, namespaces }) {
  return [
    ...(platform === 'linux' ? [] : [`this repository is developed and shown on Linux, and this is ${platform}: use a Linux machine, container or WSL 2`]),
    ...(Number(node.split('.')[0]) >= OLDEST_NODE ? [] : [`Node.js ${OLDEST_NODE} or newer is needed, got ${node}: install a newer one`]),
    ...(python ? [] : [`no Python ${SUPPORTED.join(', ')} with venv and pip was found on the PATH or under pyenv: install one (Debian: apt install python3 python3-venv)`]),
    ...(namespaces ? [namespaces] : []),
  ];
}

/** The Python to set up with. Throws with everything that stands in the way on this machine. */
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

/** Why the embedded AWS cannot run functions and instances here. */
function whyNoNamespaces(python) {
  const { stdout, stderr, status } = spawnSync(python, ['-c', 'from embedded_aws.host.namespaces import why_not; print(why_not() or "", end="")'], {
    env: { ...process.env, PYTHONPATH: join(root, 'emulator', 'src'), PYTHONDONTWRITEBYTECODE: '1' }, encoding: 'utf8',
  });
  return status === 0 ? stdout : stderr;
}
