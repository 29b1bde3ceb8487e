import { readdirSync, readFileSync } from 'fs';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const SHORTEST_FRAGMENT = 12;

/** Messages of AWS and of its tools. */
const OTHERS = /^(Rate exceeded|CodeStorageExceededException|Number of resources in stack|Timeout waiting for output|has dependencies and cannot be deleted)/;

function sources(directory: string): string {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|py|rs)$/.test(name)).map((name) => readFileSync(join(ROOT, directory, name), 'utf8')).join('\n');
}

test('docs/limits.md quotes the messages as they are', () => {
  const rows = readFileSync(join(ROOT, 'docs', 'limits.md'), 'utf8').split('\n').filter((line) => line.startsWith('|'));
  const quoted = rows.flatMap((row) => [...(row.split('|')[2] ?? '').matchAll(/`([^`]+ [^`]+)`/g)].map(([, text]) => text)).filter((text) => !OTHERS.test(text));
  // Messages are written in pieces: over lines, and around what they name.
  const all = ['lib', 'optimizer/src', 'runtime/handler/src', 'runtime/build_runner/src', 'runtime/rollout_waiter/src', 'runtime/model_delivery/src', 'runtime/shared/src', 'server/src'].map(sources).join('\n')
    .replace(/['"`] *\n? *(\+ )?f?["'`]/g, '').replace(/\s+/g, ' ');
  const fragments = quoted.flatMap((text) => text.split(/…|[\d,]{3,}/)).map((text) => text.trim()).filter((text) => text.length >= SHORTEST_FRAGMENT);
  expect(quoted.length).toBeGreaterThan(8);
  expect(fragments.filter((fragment) => !all.includes(fragment))).toEqual([]);
});
