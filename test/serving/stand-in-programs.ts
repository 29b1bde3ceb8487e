/**
 * LiteRT servers of both processors, of which a clone has compiled one at most: only the header of each file is read.
 *
 * Use: `jest.mock('../../lib/private/asset-paths', () => jest.requireActual('../serving/stand-in-programs').assetPaths)`
 */
import { createHash } from 'crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { ELF_MACHINES } from '../../lib/bundling/elf-file';
import type * as AssetPaths from '../../lib/private/asset-paths';

const directory = mkdtempSync(join(tmpdir(), 'programs-'));
const MACHINES: Record<string, string> = { x86_64: 'x86_64', arm64: 'aarch64' };
const real = jest.requireActual<typeof AssetPaths>('../../lib/private/asset-paths');

export const assetPaths: typeof AssetPaths = {
  packagePath: (...segments) => (segments.join('/').startsWith('server/dist/') ? join(directory, ...segments) : real.packagePath(...segments)),
};

export function programDigest(processor: string): string {
  return createHash('sha256').update(readFileSync(pathOf(processor))).digest('hex');
}

/** Calls a function while there is no program for a processor. */
export function withoutProgram(processor: string, call: () => void): void {
  rmSync(pathOf(processor));
  try {
    call();
  } finally {
    writeProgram(processor);
  }
}

function pathOf(processor: string): string {
  return assetPaths.packagePath('server', 'dist', processor, 'model_server');
}

function writeProgram(processor: string): void {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  header.writeUInt16LE(ELF_MACHINES[MACHINES[processor]], 18);
  mkdirSync(dirname(pathOf(processor)), { recursive: true });
  writeFileSync(pathOf(processor), header);
}

Object.keys(MACHINES).forEach(writeProgram);
afterAll(() => rmSync(directory, { recursive: true }));
