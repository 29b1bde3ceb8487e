// Chromium, which is installed with the machine, and its driver, which has a lock file of its own: only tests of pages need it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { announced, once, root, run } from '../setup/environment.mjs';

const PROGRAMS = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean);
const directory = join(root, 'scripts', 'browser');

/** Returns the path of Chromium's program, or undefined if this machine has none. */
export function findChromium() {
  return PROGRAMS.map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim()).find(Boolean);
}

/** Installs the driver, unless it is installed. */
export function installDriver() {
  const install = () => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: directory });
  return announced('driver of Chromium', () => once('npm-browser', [join(directory, 'package-lock.json')], join(directory, 'node_modules'), install));
}

/** Starts Chromium. Throws a sentence if this machine has none. */
export async function launchChromium() {
  const executablePath = findChromium();
  if (!executablePath) {
    throw new Error(`no browser was found (${PROGRAMS.join(', ')}): install Chromium, with \`apt-get install chromium\` on Debian, or name it by CHROMIUM`);
  }
  const { chromium } = await import('playwright-core');
  // Chromium has no sandbox for root.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}
