import { execFileSync } from 'child_process';
import { readFileSync } from 'fs';
import { join, resolve } from 'path';
import { dirname } from 'path/posix';

const ROOT = resolve(__dirname, '..', '..');
const SETTINGS = readFileSync(join(ROOT, '.github', 'dependabot.yml'), 'utf8');

test.each([['npm', 'package-lock.json'], ['cargo', 'Cargo.lock']])('Dependabot updates every lock file of %s', (ecosystem, lock) => {
  const [, directories] = new RegExp(`package-ecosystem: ${ecosystem}\\n +directories: \\[(.*)\\]`).exec(SETTINGS)!;
  const locks = execFileSync('git', ['ls-files', lock, `**/${lock}`], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
  expect(directories.split(', ').sort()).toEqual(locks.map((file) => `/${dirname(file)}`.replace('/.', '/')).sort());
});
