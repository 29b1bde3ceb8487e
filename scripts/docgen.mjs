// `npm run docgen`: API.md and docs/api/ as jsii-docgen makes them of the built library. `-- --check` fails when they are not up to date.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './lib-setup.mjs';

/** .NET has none: its package is published by nobody. */
const FILES = { typescript: 'API.md', python: 'docs/api/python.md', java: 'docs/api/java.md', go: 'docs/api/go.md' };

const scratch = mkdtempSync(join(tmpdir(), 'docgen-'));
const languages = Object.keys(FILES).flatMap((language) => ['-l', language]);
const { status } = spawnSync('npx', ['jsii-docgen', ...languages, '-o', join(scratch, 'API')], { cwd: root, stdio: 'inherit' });
if (status !== 0) {
  process.exit(1);
}
// Links go to the ids. With the names beside them Python's file would be above 512 KB, which GitHub shows as plain text.
const pages = Object.entries(FILES).map(([language, file]) => [
  join(root, file), readFileSync(join(scratch, `API.${language}.md`), 'utf8').replace(/<a name="[^"]*" id=/g, '<a id='),
]);
rmSync(scratch, { recursive: true, force: true });

if (process.argv.includes('--check')) {
  const stale = pages.filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text).map(([file]) => file.slice(root.length + 1));
  process.stderr.write(stale.length ? `${stale.join(', ')} out of date: run \`npm run build && npm run docgen\`\n` : '');
  process.exit(stale.length ? 1 : 0);
}
for (const [file, text] of pages) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
