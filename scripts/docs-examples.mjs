// Compiles every TypeScript example of README.md, of the API's doc comments and of docs/*.md, strictly, with jsii-rosetta.
// rosetta reads the README that is inside the assembly, so a copy of the assembly carries the guides in the README's place.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, tools } from './lib-setup.mjs';

function extract(directory) {
  return spawnSync(join(root, 'node_modules', '.bin', 'jsii-rosetta'), ['extract', '--strict', directory], { cwd: directory, stdio: 'inherit' }).status === 0;
}

const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).sort();
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
assembly.readme = { markdown: guides.map((name) => readFileSync(join(root, 'docs', name), 'utf8')).join('\n\n') };
writeFileSync(join(scratch, '.jsii'), JSON.stringify(assembly));

const passed = [extract(root), extract(scratch)].every(Boolean);
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`${passed ? '✓' : '✗'} README.md, doc comments, ${guides.map((name) => `docs/${name}`).join(', ')}\n`);
process.exit(passed ? 0 : 1);
