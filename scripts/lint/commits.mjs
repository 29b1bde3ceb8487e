// Checks for conventional commits since these rules exist, or since `-- <commit>`. Part of `npm run lint`; rules: commitlint.config.cjs.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installReleaseTools, release } from '../release/tools.mjs';
import { root } from '../setup/environment.mjs';

const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });

if (git('rev-parse', '--is-inside-work-tree').status !== 0) {
  process.stdout.write('no git repository, so no commits to check\n');
  process.exit(0);
}
const base = process.argv[2] ?? git('log', '--diff-filter=A', '--format=%H', '--', 'commitlint.config.cjs').stdout.trim().split('\n').at(-1);
// In a shallow clone the base may be missing; then check the tip only.
const range = base && git('cat-file', '-e', `${base}^{commit}`).status === 0 && base !== git('rev-parse', 'HEAD').stdout.trim() ? ['--from', base] : ['--last'];
await installReleaseTools();
const { status } = spawnSync(join(release, 'node_modules', '.bin', 'commitlint'), ['--config', 'commitlint.config.cjs', ...range], {
  cwd: root, stdio: 'inherit',
  // The rules extend a package that is installed next to commitlint.
  env: { ...process.env, NODE_PATH: join(release, 'node_modules') },
});
process.exit(status ?? 1);
