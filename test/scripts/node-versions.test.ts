import { spawnSync } from 'child_process';
import { readFileSync } from 'fs';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const text = (file: string) => readFileSync(join(ROOT, file), 'utf8');

test('every page says the same about Node.js 20', () => {
  for (const page of ['README.md', 'docs/getting-started.md', 'docs/languages.md']) {
    const said = [...text(page).replace(/\s+/g, ' ').matchAll(/Node\.js \d+ or newer(.{0,60})/g)].map(([sentence]) => sentence);
    expect(said).not.toEqual([]);
    said.forEach((sentence) => expect(sentence).toMatch(/^Node\.js 22 or newer \(20 still works, but is past its end of life\)/));
  }
  expect(JSON.parse(text('package.json')).engines.node).toBe('>= 20.0.0');
});

test('npm run build does not print the end of Node.js 20', () => {
  expect(JSON.parse(text('package.json')).scripts.build).toContain('JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 jsii');
});

test('neither do the scripts that start the tools of jsii', () => {
  const program = `import ${JSON.stringify(join(ROOT, 'scripts/setup/environment.mjs'))}; console.log(process.env.JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  expect(stdout.trim()).toBe('20');
});
