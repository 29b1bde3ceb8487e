// Runs a Python script of this repository in the environment from the set-up.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, tools } from './environment.mjs';
import { setUp } from './main.mjs';

const [script] = process.argv.slice(2);
// Benchmarks measure what is published. The list of faults is read from the tests, of which none runs.
await setUp({ published: script.startsWith('lab/benchmark/'), ...script.startsWith('test/reliability/') && { programs: [] } });
const child = spawn(join(tools, 'python', 'bin', 'python'), process.argv.slice(2), { cwd: root, stdio: 'inherit' });
// A script that is told of its end can end what it has started. npm ends its shell only, so watch for that as well.
process.on('SIGTERM', () => child.kill());
const shell = process.ppid;
const watch = setInterval(() => {
  if (process.ppid !== shell) {
    clearInterval(watch);
    child.kill();
  }
}, 500);
child.on('exit', (status) => process.exit(status ?? 1));
