// `npm run demo`, `npm run test:load`, `npm run verify:aws`: checks the options, sets up, then runs the TypeScript program with the installed packages.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from './environment.mjs';
import { setUp } from './main.mjs';

const [program, ...args] = process.argv.slice(2);
const options = join(root, dirname(program), 'options.js');
let needs = {};
if (existsSync(options)) {
  const { duration, parseOptions, setUpNeeds, USAGE } = createRequire(import.meta.url)(options);
  try {
    const parsed = parseOptions(args);
    if (parsed === 'help') {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    needs = setUpNeeds(parsed);
    if (duration) {
      process.stdout.write(`${duration(parsed, !existsSync(join(root, 'node_modules')))}\n`);
    }
  } catch (error) {
    process.stderr.write(`${error.message}\n--help names the options\n`);
    process.exit(2);
  }
}
try {
  // On AWS itself only what is published runs.
  await setUp(program === 'lab/verify-aws/main.ts' ? { published: true } : needs);
} catch (error) {
  process.stderr.write(`set-up failed: ${error.message}\n`);
  process.exit(1);
}
const child = spawn(process.execPath, [join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(root, program), ...args], {
  stdio: 'inherit',
  // The README explains the support for Node.js 20, so silence the AWS SDK's warning.
  env: { ...process.env, NODE_NO_WARNINGS: '1' },
});
// Ctrl-C reaches the whole process group; the child cleans up and decides the exit code.
process.on('SIGINT', () => {});
['SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => child.kill(signal)));
child.on('close', (code) => process.exit(code ?? 1));
