// The package's command as it is published, bundled into a directory of its own.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../setup/environment.mjs';

/** Bundles the command. Returns `open(url)`, which runs `cdk-tensorflow open` and returns the address of its page, and `close()`. */
export function bundledCommand() {
  const directory = mkdtempSync(join(tmpdir(), 'command-'));
  const children = [];
  if (spawnSync(process.execPath, [join(root, 'scripts', 'package', 'command.mjs'), directory], { stdio: 'inherit' }).status !== 0) {
    throw new Error('the command could not be bundled');
  }
  const open = (url) => {
    const child = spawn(process.execPath, [join(directory, 'cdk-tensorflow.js'), 'open', url], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return new Promise((resolve, reject) => {
      let text = '';
      child.stdout.on('data', (part) => {
        text += part;
        const [, address] = /Page +(\S+)\n/.exec(text) ?? [];
        if (address) {
          resolve(address);
        }
      });
      child.once('close', (code) => reject(new Error(`cdk-tensorflow open ended with ${code}`)));
    });
  };
  const close = () => {
    children.forEach((child) => child.kill('SIGINT'));
    rmSync(directory, { recursive: true, force: true });
  };
  return { open, close };
}
