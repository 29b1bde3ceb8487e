// Bundles the page of `cdk-tensorflow open` and of `explorer`, cli/open/page, into one file: its styles and its program are inside, and its policy
// allows no others.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../setup/environment.mjs';

const source = join(root, 'cli', 'open', 'page', 'dom');

/** The page as the programs of the native runtime have it: Cargo needs no Node.js. */
export const EMBEDDED_PAGE = join(root, 'server', 'src', 'rest', 'explorer.html');

/** Returns the page as HTML. */
export async function bundlePage() {
  const [script, style] = await Promise.all([bundled('main.ts'), bundled('style.css')]);
  const policy = [
    "default-src 'none'", `script-src ${hash(script)}`, `style-src ${hash(style)}`, "connect-src 'self'", 'img-src data: blob:',
    "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
  ].join('; ');
  return readFileSync(join(source, 'page.html'), 'utf8').replace(/\{\{(\w+)\}\}/g, (_, name) => ({ policy, script, style })[name]);
}

async function bundled(name) {
  const { outputFiles: [{ text }] } = await build({
    absWorkingDir: root,
    entryPoints: [join(source, name)],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'error',
    write: false,
  });
  return text.trim();
}

function hash(text) {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
