// `npm run fuzz -- python [--seconds 600] [--target archive]`: sends random files through the parsers of runtime/handler and optimizer.
// Atheris has an environment of its own, because nothing else needs it; its packages run in the optimizer's Python.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, tools } from '../setup/environment.mjs';
import { lockedTool } from '../setup/locked-tool.mjs';
import { setUp } from '../setup/main.mjs';

await setUp({ programs: [] });
await lockedTool('atheris', join(root, 'test', 'fuzz', 'requirements.txt'));
const [version] = readdirSync(join(tools, 'atheris', 'lib'));
const { status } = spawnSync(join(tools, 'python', 'bin', 'python'), [join('test', 'fuzz', 'run.py'), ...process.argv.slice(2)], {
  cwd: root, stdio: 'inherit', env: { ...process.env, ATHERIS: join(tools, 'atheris', 'lib', version, 'site-packages') },
});
process.exit(status ?? 1);
