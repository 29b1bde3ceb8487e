// Compiles every TypeScript example in README.md, the API's doc comments and docs/*.md with jsii-rosetta in strict mode, and synthesizes it. Checks
// that the translations below some of them are up to date; `npm run examples -- --write` updates them.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';
import { root, tools } from '../setup/environment.mjs';

const pages = ['README.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).sort().map((name) => join('docs', name))];
const texts = pages.map((page) => readFileSync(join(root, page), 'utf8'));

// rosetta reads the README inside the assembly, so put all pages into a copy of the assembly.
const scratch = join(tools, 'docs-examples');
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });
for (const name of ['package.json', 'rosetta', 'tsconfig.json']) {
  cpSync(join(root, name), join(scratch, name), { recursive: true });
}
for (const name of ['build', 'node_modules']) {
  symlinkSync(join(root, name), join(scratch, name));
}
const assembly = JSON.parse(readFileSync(join(root, '.jsii'), 'utf8'));
assembly.readme = { markdown: texts.join('\n\n') };
writeFileSync(join(scratch, '.jsii'), JSON.stringify(assembly));
const { status } = spawnSync(join(root, 'node_modules', '.bin', 'jsii-rosetta'), ['extract', '--strict', '--batch', '1000', scratch], { cwd: scratch, stdio: 'inherit' });
const tablet = status === 0 ? JSON.parse(readFileSync(join(scratch, '.jsii.tabl.json'), 'utf8')) : undefined;
rmSync(scratch, { recursive: true, force: true });

const { translated } = await tsImport('./translations.ts', import.meta.url);
const fresh = tablet ? texts.map((text) => translated(text, tablet)) : texts;
const stale = pages.filter((_, index) => fresh[index] !== texts[index]);
if (process.argv.includes('--write')) {
  stale.splice(0).forEach((page) => writeFileSync(join(root, page), fresh[pages.indexOf(page)]));
}
process.stdout.write(stale.length ? `translations are not those of the examples in ${stale.join(', ')}: run \`npm run examples -- --write\`\n` : '');

const problems = tablet ? await synthesize() : [];
process.stdout.write(problems.map(({ place, problem }) => `${place} cannot be synthesized: ${problem}\n`).join(''));
const passed = tablet !== undefined && stale.length === 0 && problems.length === 0;
process.stdout.write(`${passed ? '✓' : '✗'} doc comments, ${pages.join(', ')}\n`);
process.exit(passed ? 0 : 1);

async function synthesize() {
  const { snippetsOf, synthesizeSnippets } = await tsImport('./snippets.ts', import.meta.url);
  const library = createRequire(import.meta.url)(join(root, 'build', 'lib'));
  return synthesizeSnippets(snippetsOf(tablet, pages, texts), library);
}
