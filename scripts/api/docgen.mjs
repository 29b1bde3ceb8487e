// `npm run docgen`: API.md and docs/api/ as jsii-docgen makes them of the built library. `-- --check` fails when they are not up to date.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../setup/environment.mjs';

/** .NET has none: its package is published by nobody. */
const FILES = { typescript: 'API.md', python: 'docs/api/python.md', java: 'docs/api/java.md', go: 'docs/api/go.md' };

const scratch = mkdtempSync(join(tmpdir(), 'docgen-'));
const languages = Object.keys(FILES).flatMap((language) => ['-l', language]);
const { status } = spawnSync('npx', ['jsii-docgen', ...languages, '-o', join(scratch, 'API')], { cwd: root, stdio: 'inherit' });
if (status !== 0) {
  process.exit(1);
}
// GitHub shows a file above 512 KB as plain text, and Python's is: without what no link needs, it is not.
const shorter = (text) => text.replace(/<a name="[^"]*" id=/g, '<a id=').replace(/(<a id="|href="#)cdk-tensorflow\./g, '$1');
const pages = Object.entries(FILES).map(([language, file]) => [join(root, file), shorter(readFileSync(join(scratch, `API.${language}.md`), 'utf8'))]);
const large = pages.filter(([, text]) => Buffer.byteLength(text) > 512 * 1024).map(([file]) => file.slice(root.length + 1));
process.stderr.write(large.length ? `${large.join(', ')} above 512 KB: GitHub will show plain text\n` : '');
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
