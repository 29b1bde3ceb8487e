// `npm run docs -- api`: writes the API reference of the built library, API.md for TypeScript and dist/api/ for the other languages. Only API.md is in
// git: `-- --check` fails if it is outdated.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../setup/environment.mjs';

/** None for .NET, whose package is not published. */
const FILES = { typescript: 'API.md', python: 'dist/api/python.md', java: 'dist/api/java.md', go: 'dist/api/go.md' };

const check = process.argv.includes('--check');
const files = Object.entries(FILES).filter(([language]) => language === 'typescript' || !check);

const scratch = mkdtempSync(join(tmpdir(), 'docgen-'));
const languages = files.flatMap(([language]) => ['-l', language]);
const { status } = spawnSync('npx', ['jsii-docgen', ...languages, '-o', join(scratch, 'API')], { cwd: root, stdio: 'inherit' });
if (status !== 0) {
  process.exit(1);
}
// GitHub shows a file above 512 KB as plain text, so drop what no link needs.
const shorter = (text) => text.replace(/<a name="[^"]*" id=/g, '<a id=').replace(/(<a id="|href="#)cdk-tensorflow\./g, '$1');
// jsii-docgen omits the language from the name of a single file.
const written = (language) => join(scratch, files.length > 1 ? `API.${language}.md` : 'API.md');
const pages = files.map(([language, file]) => [join(root, file), shorter(readFileSync(written(language), 'utf8'))]);
const large = pages.filter(([, text]) => Buffer.byteLength(text) > 512 * 1024).map(([file]) => file.slice(root.length + 1));
process.stderr.write(large.length ? `${large.join(', ')} above 512 KB: GitHub will show plain text\n` : '');
rmSync(scratch, { recursive: true, force: true });

if (check) {
  const stale = pages.filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text).map(([file]) => file.slice(root.length + 1));
  process.stderr.write(stale.length ? `${stale.join(', ')} out of date: run \`npm run build && npm run docs -- api\`\n` : '');
  process.exit(stale.length ? 1 : 0);
}
for (const [file, text] of pages) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
