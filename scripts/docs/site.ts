import { spawnSync } from 'child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { ROOT } from '../repository';
import { apiPages } from './api-pages';
import type { Assembly } from './assembly';
import type { Repository } from './links';
import type { DocsOptions } from './options';
import { parseDocsOptions, USAGE } from './options';
import { siteOf } from './pages';
import { serveSite } from './server';

/** Directory of the pages for VitePress; nothing of it is in git. */
const STAGE = join(ROOT, '.tools', 'docs');
const SITE = join(ROOT, 'docs', 'site');
const OUTPUT = join(ROOT, 'dist', 'docs');

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

function repository(): Repository {
  const { repository: { url } } = JSON.parse(read('package.json')) as { repository: { url: string } };
  const { stdout, status } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
  return {
    url: url.replace(/\.git$/, ''),
    commit: status === 0 ? stdout.trim() : 'HEAD',
    isDirectory: (path) => statSync(join(ROOT, path)).isDirectory(),
  };
}

/** Writes the pages for VitePress, with the files that they show. */
function stage(): void {
  const guides = readdirSync(join(ROOT, 'docs'), { encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  const decisions = readdirSync(join(ROOT, 'docs', 'adr'), { encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => `docs/adr/${name}`);
  const linked = repository();
  const { pages, sidebar } = siteOf({
    pages: Object.fromEntries(['README.md', 'docs/site/try.md', ...guides, ...decisions].map((page) => [page, read(page)])),
    api: apiPages(JSON.parse(read('.jsii')) as Assembly, (file, line) => `${linked.url}/blob/${linked.commit}/${file}#L${line}`),
    repository: linked,
  });
  rmSync(join(STAGE, 'pages'), { recursive: true, force: true });
  for (const [path, markdown] of Object.entries(pages)) {
    mkdirSync(dirname(join(STAGE, 'pages', path)), { recursive: true });
    writeFileSync(join(STAGE, 'pages', path), markdown);
  }
  cpSync(join(ROOT, 'docs', 'images'), join(STAGE, 'pages', 'images'), { recursive: true });
  stageModel();
  const { version } = JSON.parse(read('package.json')) as { version: string };
  writeFileSync(join(STAGE, 'site.json'), JSON.stringify({ sidebar, repository: linked.url, version }));
}

/** Writes what the page with a model loads: one variant of LiteRT, which every browser can run, the model and its digits. */
function stageModel(): void {
  const program = 'litert_wasm_compat_internal';
  const target = join(STAGE, 'pages', 'public', 'try');
  const files = [
    ...['js', 'wasm'].map((extension) => [join(SITE, 'node_modules', '@litertjs', 'core', 'wasm', `${program}.${extension}`), `${program}.${extension}`]),
    [join(ROOT, 'examples', 'digits', 'model.tflite'), 'digits.tflite'],
    [join(ROOT, 'examples', 'digits', 'held_out.json'), 'digits.json'],
    // License of LiteRT.js, whose package has no copy of it.
    [join(ROOT, 'LICENSE'), 'LICENSE.txt'],
  ];
  files.forEach(([from, name]) => cpSync(from, join(target, name), { recursive: true }));
}

function execute(...words: string[]): number {
  return spawnSync(process.execPath, words, { cwd: ROOT, stdio: 'inherit' }).status ?? 1;
}

function build({ base }: DocsOptions): void {
  stage();
  if (execute(join(SITE, 'node_modules', 'vitepress', 'bin', 'vitepress.js'), 'build', SITE, '--base', base) !== 0) {
    throw new Error('VitePress did not build the site');
  }
}

async function main(): Promise<void> {
  const options = parseDocsOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  build(options);
  process.stdout.write(`dist/docs has the site, for the path ${options.base} of a host\n`);
  if (options.browser) {
    process.exitCode = execute(join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(SITE, 'browser.mjs'), OUTPUT, options.base);
  }
  if (options.serve) {
    const { address } = await serveSite(OUTPUT, options);
    process.stdout.write(`${address}, until Ctrl-C\n`);
  }
}

void main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
