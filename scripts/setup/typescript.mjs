// `npm run demo`, `npm run verify:aws`: checks the options, sets up, then runs the named TypeScript program, which needs what the set-up installs.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from './environment.mjs';
import { setUp } from './main.mjs';

const [program, ...args] = process.argv.slice(2);
const options = join(root, dirname(program), 'options.js');
if (existsSync(options)) {
  const { parseOptions, USAGE } = createRequire(import.meta.url)(options);
  try {
    if (parseOptions(args) === 'help') {
      process.stdout.write(USAGE);
      process.exit(0);
    }
  } catch (error) {
    process.stderr.write(`${error.message}\n--help names the options\n`);
    process.exit(2);
  }
}
try {
  await setUp({ namespaces: program === 'scripts/demo/main.ts' });
} catch (error) {
  process.stderr.write(`set-up failed: ${error.message}\n`);
  process.exit(1);
}
const child = spawn(process.execPath, [join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(root, program), ...args], {
  stdio: 'inherit',
  // The AWS SDK warns of the end of Node.js 20 on every start; the README says what to think of it.
  env: { ...process.env, NODE_NO_WARNINGS: '1' },
});
// Ctrl-C reaches the whole process group; the child cleans up and decides the exit code.
process.on('SIGINT', () => {});
['SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => child.kill(signal)));
child.on('close', (code) => process.exit(code ?? 1));
