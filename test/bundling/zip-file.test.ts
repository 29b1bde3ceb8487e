import { execFileSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { unzippedBytes, zipFile } from '../../lib/bundling/zip-file';

const directory = mkdtempSync(join(tmpdir(), 'zip-'));
const entries = [
  { name: 'lib/libLiteRt.so', content: Buffer.alloc(100_000, 'library'), mode: 0o644 },
  { name: 'bootstrap', content: Buffer.from([0, 1, 2, 255]), mode: 0o755 },
  { name: 'é.txt', content: Buffer.alloc(0), mode: 0o600 },
];

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Unpacks an archive by a program that is not ours. */
function unpack(archive: Buffer): string {
  const file = join(directory, 'archive.zip');
  const output = mkdtempSync(join(directory, 'unpacked-'));
  writeFileSync(file, archive);
  const program = [
    'import os, sys, zipfile',
    'with zipfile.ZipFile(sys.argv[1]) as archive:',
    '  assert archive.testzip() is None',
    '  for entry in archive.infolist():',
    '    assert entry.create_system == 3 and entry.date_time == (1980, 1, 1, 0, 0, 0)',
    '    os.chmod(archive.extract(entry, sys.argv[2]), entry.external_attr >> 16 & 0o7777)',
  ].join('\n');
  execFileSync('python3', ['-c', program, file, output]);
  return output;
}

test('an archive gives back every file, with its permissions', () => {
  const output = unpack(zipFile(entries));

  for (const { name, content, mode } of entries) {
    expect(readFileSync(join(output, name))).toEqual(content);
    expect(statSync(join(output, name)).mode & 0o777).toBe(mode);
  }
});

test('the order of the files changes no byte', () => {
  expect(zipFile([...entries].reverse())).toEqual(zipFile(entries));
});

test('its unzipped size is the sum of the files', () => {
  const file = join(directory, 'size.zip');
  writeFileSync(file, zipFile(entries));

  expect(unzippedBytes(file)).toBe(100_004);
});

test('an archive without files is valid', () => {
  const file = join(directory, 'empty.zip');
  writeFileSync(file, zipFile([]));

  expect(unzippedBytes(file)).toBe(0);
  expect(unpack(zipFile([]))).toBeDefined();
});
