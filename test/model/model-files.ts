import { mkdirSync, mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';

/** A fresh directory with these files, by their paths. */
export function directoryWith(files: Record<string, string | Buffer> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'models-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

/** A file of this name in a fresh directory. */
export function fileWith(name: string, content: string | Buffer): string {
  return join(directoryWith({ [name]: content }), name);
}

/** The files of a complete SavedModel. */
export function savedModelFiles(): Record<string, string> {
  return { 'saved_model.pb': 'graph', 'variables/variables.index': 'index', 'variables/variables.data-00000-of-00001': 'data' };
}

export const HDF5 = Buffer.from('\x89HDF\r\n\x1a\n, and the rest', 'latin1');
export const LITERT = Buffer.from('\x1c\0\0\0TFL3, and the rest', 'latin1');
export const ZIP = Buffer.from(`PK\x03\x04 files PK\x05\x06${'\0'.repeat(18)}`, 'latin1');
