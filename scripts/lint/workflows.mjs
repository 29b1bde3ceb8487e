// `npm run lint -- workflows`: checks the workflows in .github with actionlint and with zizmor, which asks no network here. A finding fails.
import { join } from 'node:path';
import { conclude, runInLanes } from '../checks/run.mjs';
import { once, root, run, tools } from '../setup/environment.mjs';
import { lockedTool } from '../setup/locked-tool.mjs';
import { setUp } from '../setup/main.mjs';

const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';

await setUp({ programs: [] });
const zizmor = await lockedTool('zizmor', join(root, 'scripts', 'lint', 'zizmor.txt'));
const programs = join(tools, 'actionlint');
await once('actionlint', [join(root, 'scripts', 'lint', 'workflows.mjs')], programs, () => run('go', ['install', ACTIONLINT], { env: { ...process.env, GOBIN: programs } }));

process.exit(conclude(await runInLanes([
  ['actionlint', join(programs, 'actionlint'), ['-shellcheck', join(tools, 'python', 'bin', 'shellcheck')]],
  ['zizmor', zizmor, ['--offline', '--persona', 'pedantic', '--no-progress', '.github']],
])));
