import { spawn } from 'node:child_process';
import { root } from './environment.mjs';

/**
 * Runs every check, even after one has failed, shows the output of those that fail, and returns the exit code.
 * Checks of the same command run one after another, because they share its cache; different commands run at the same time.
 * A check: its title, command, arguments, environment, and directory (default: the repository).
 */
export async function runChecks(checks) {
  const commands = [...new Set(checks.map(([, command]) => command))];
  const results = await Promise.all(commands.map((wanted) => runInTurn(checks.filter(([, command]) => command === wanted))));
  const failed = results.flat().filter((passed) => !passed).length;
  process.stdout.write(`${checks.length - failed} passed, ${failed} failed\n`);
  return failed ? 1 : 0;
}

async function runInTurn(checks) {
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
    const keep = (text) => (output += text);
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    // A command that cannot be started is closed, too.
    child.on('error', ({ message }) => keep(`${message}\n`));
    child.on('close', (code) => {
      const seconds = ((Date.now() - started) / 1000).toFixed(0);
      process.stdout.write(`${code === 0 ? '✓' : '✗'} ${title} (${seconds} s)\n${code === 0 ? '' : output}`);
      resolve(code === 0);
    });
  });
}
