// Bundles the package's command, cli/, into one file that needs nothing but Node.js, beside the page that it serves and the licences of what is in
// it. Part of `npm run build`, which also gives the page to the native runtime.
// An argument names another directory than cli/dist, and leaves the native runtime's page as it is.
import { chmodSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { root } from '../setup/environment.mjs';
import { bundlePage, EMBEDDED_PAGE } from './page.mjs';

/** Bundles cli/ into `directory`, which it replaces. */
async function bundleCommand(directory) {
  rmSync(directory, { recursive: true, force: true });
  const outfile = join(directory, 'cdk-tensorflow.js');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'cli', 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // Without the packages' ES modules there is nothing to leave out.
    mainFields: ['module', 'main'],
    minifySyntax: true,
    banner: { js: '#!/usr/bin/env node' },
    legalComments: 'none',
    logLevel: 'error',
    metafile: true,
  });
  chmodSync(outfile, 0o755);
  const page = await bundlePage();
  writeFileSync(join(directory, 'page.html'), page);
  writeFileSync(join(directory, 'THIRD-PARTY-LICENSES.txt'), licences(metafile));
  return page;
}

/** Returns the licences of the packages of which a bundle has code. */
function licences({ outputs }) {
  const used = Object.values(outputs).flatMap((output) => Object.keys(output.inputs).filter((file) => output.inputs[file].bytesInOutput > 0));
  const directories = new Set(used.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  const packages = [...directories].map((directory) => ({ ...JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8')), notice: notice(join(root, directory)) }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const users = new Map();
  packages.filter((bundled) => bundled.notice).forEach((bundled) => users.set(bundled.notice, [...users.get(bundled.notice) ?? [], `${bundled.name} ${bundled.version}`]));
  return [
    'The command is bundled with code of these packages, under these licences:',
    packages.map(({ name, version, license }) => `  ${name} ${version}: ${license}`).join('\n'),
    ...[...users].map(([text, names]) => `${'='.repeat(80)}\n${names.join(', ')}\n${'='.repeat(80)}\n\n${text}`),
  ].join('\n\n').concat('\n');
}

function notice(directory) {
  const names = readdirSync(directory).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name)).sort();
  return names.map((name) => readFileSync(join(directory, name), 'utf8').replaceAll('\r\n', '\n').trim()).join('\n\n');
}

const [given] = process.argv.slice(2);
const page = await bundleCommand(resolve(given ?? join(root, 'cli', 'dist')));
if (given === undefined) {
  writeFileSync(EMBEDDED_PAGE, page);
}
