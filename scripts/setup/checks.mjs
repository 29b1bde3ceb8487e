import { spawn } from 'node:child_process';
import { root } from './environment.mjs';

/**
 * Runs every check, even after one has failed, shows the output of those that fail, and returns the exit code.
 * Checks of the same command run one after another, because they share its cache; different commands run at the same time.
 * A check: its title, command, arguments, environment, and directory (default: the repository).
 */
export async function runChecks(checks) {
  const lanes = grouped(checks);
  const results = await Promise.all([...lanes.values()].map(runLane));
  const failed = results.flat().filter((passed) => !passed).length;
  process.stdout.write(`${checks.length - failed} passed, ${failed} failed\n`);
  return failed ? 1 : 0;
}

function grouped(checks) {
  const lanes = new Map();
  checks.forEach((check) => lanes.set(check[1], [...lanes.get(check[1]) ?? [], check]));
  return lanes;
}

async function runLane(checks) {
  const passed = [];
  for (const check of checks) {
    passed.push(await runCheck(check));
  }
  return passed;
}

function runCheck([title, command, args, env, cwd = root]) {
  const started = Date.now();
  return new Promise((resolve) => {
    let output = '';
    const keep = (chunk) => (output += chunk);
    const ended = (passed) => {
      const seconds = ((Date.now() - started) / 1000).toFixed(0);
      process.stdout.write(`${passed ? '✓' : '✗'} ${title} (${seconds} s)\n${passed ? '' : output}`);
      resolve(passed);
    };
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => {
      keep(`${error.message}\n`);
      ended(false);
    });
    child.on('close', (code) => ended(code === 0));
  });
}
