// Fails when API.md is not what jsii-docgen makes of the built library.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './lib-setup.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'docgen-'));
const fresh = join(scratch, 'API.md');
const { status } = spawnSync('npx', ['jsii-docgen', '-o', fresh], { cwd: root, stdio: 'inherit' });
const same = status === 0 && readFileSync(fresh, 'utf8') === readFileSync(join(root, 'API.md'), 'utf8');
rmSync(scratch, { recursive: true, force: true });
if (!same) {
  process.stderr.write('API.md is out of date: run `npm run build && npm run docgen`\n');
  process.exit(1);
}
