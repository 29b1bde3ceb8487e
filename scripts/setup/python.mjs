// Runs a Python script of this repository in the environment from the set-up.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, tools } from './environment.mjs';
import { setUp } from './main.mjs';

// Benchmarks measure what is published.
await setUp({ published: process.argv[2].startsWith('benchmark/') });
const script = spawn(join(tools, 'python', 'bin', 'python'), process.argv.slice(2), { cwd: root, stdio: 'inherit' });
// A script that is told of its end can end what it has started. npm ends its shell only, so watch for that as well.
process.on('SIGTERM', () => script.kill());
const shell = process.ppid;
const watch = setInterval(() => {
  if (process.ppid !== shell) {
    clearInterval(watch);
    script.kill();
  }
}, 500);
script.on('exit', (status) => process.exit(status ?? 1));
