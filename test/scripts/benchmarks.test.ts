import { spawnSync } from 'child_process';
import { readFileSync } from 'fs';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const { bench } = JSON.parse(readFileSync(join(ROOT, 'scripts', 'setup', 'commands.json'), 'utf8')) as { bench: Record<string, string> };
const programs = Object.values(bench).flatMap((command) => command.split(' ').filter((word) => word.startsWith('lab/benchmark/') && word.endsWith('.py')));

test.each(programs)('%s finds all that it imports, and says what it can do', (program) => {
  const { status, stdout, stderr } = spawnSync(join(ROOT, '.tools', 'python', 'bin', 'python'), [program, '--help'], { cwd: ROOT, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('usage:');
});
