// `npm run native -- soak [--requests 1000000] [--front server]`: thousands of generated requests through the Python handler, and through the native
// program as a function and as a server. Each process must answer all of them, and end as large as it was.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';

const FRONTS = {
  python: ['runtime/handler/tests/soak.py'],
  lambda: ['server/tests/soak.py', 'lambda'],
  server: ['server/tests/soak.py', 'server'],
};

async function main() {
  const { values } = parseArgs({
    options: { requests: { type: 'string', default: '20000' }, front: { type: 'string', multiple: true, default: Object.keys(FRONTS) } },
  });
  const unknown = values.front.filter((front) => !(front in FRONTS));
  if (unknown.length) {
    throw new Error(`--front must be one of ${Object.keys(FRONTS).join(', ')}, got ${unknown.join(', ')}`);
  }
  if (!/^[1-9]\d*$/.test(values.requests)) {
    throw new Error(`--requests must be a positive whole number, got ${values.requests}`);
  }
  await setUp();
  const failed = values.front.filter((front) => {
    process.stdout.write(`${front}: ${values.requests} requests\n`);
    const { status } = spawnSync(join(tools, 'python', 'bin', 'python'), [...FRONTS[front], values.requests], { cwd: root, stdio: 'inherit' });
    return status !== 0;
  });
  process.exit(failed.length ? 1 : 0);
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
