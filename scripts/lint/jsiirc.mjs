// Writes .jsiirc into package.json's jsii block, or with --check fails if the two differ.
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../..', import.meta.url);
const { '//': _comment, ...block } = JSON.parse(readFileSync(new URL('.jsiirc', root), 'utf8'));
const manifestUrl = new URL('package.json', root);
const manifest = JSON.parse(readFileSync(manifestUrl, 'utf8'));

if (process.argv.includes('--check')) {
  if (JSON.stringify(manifest.jsii) !== JSON.stringify(block)) {
    console.error('package.json#jsii differs from .jsiirc: run `npm run build`');
    process.exit(1);
  }
} else {
  manifest.jsii = block;
  writeFileSync(manifestUrl, `${JSON.stringify(manifest, null, 2)}\n`);
}
