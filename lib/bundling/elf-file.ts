import { readFileSync } from 'fs';

/** A version of a library's symbols that a shared object needs. */
export interface NeededVersion {
  /** The library's name, e.g. "libstdc++.so.6". */
  readonly library: string;

  /** E.g. "GLIBCXX_3.4.30". */
  readonly version: string;
}

/** The parts of a 64-bit little-endian ELF file that the dynamic linker reads. Both processors of Lambda use this kind. */
export interface ElfFile {
  /** Number of the processor; see `ELF_MACHINES`. */
  readonly machine: number;

  /** Names of the linked libraries, e.g. "libc.so.6". */
  readonly libraries: string[];

  readonly needed: NeededVersion[];
}

/** Numbers of the processors, by their names in wheel tags. */
export const ELF_MACHINES: Record<string, number> = { x86_64: 62, aarch64: 183 };

const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_VERNEED = 0x6ffffffe;
const DT_VERNEEDNUM = 0x6fffffff;

/**
 * Reads a shared object. Returns undefined if the file is not such an ELF file.
 *
 * @see https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html
 */
export function readElf(path: string): ElfFile | undefined {
  const file = readFileSync(path);
  if (file.length < 64 || file.readUInt32BE(0) !== MAGIC || file[4] !== CLASS_64 || file[5] !== LITTLE_ENDIAN) {
    return undefined;
  }
  const segments = segmentsOf(file);
  // Use the segments, as the linker does: section headers may have been stripped.
  const offsetOf = (address: number) => {
    const segment = segments.find(({ type, start, size }) => type === PT_LOAD && address >= start && address < start + size)!;
    return address - segment.start + segment.offset;
  };
  const entries = dynamicOf(file, segments);
  const dynamic = new Map(entries);
  const versions = dynamic.get(DT_VERNEED);
  const table = dynamic.get(DT_STRTAB);
  const strings = table === undefined ? undefined : offsetOf(table);
  return {
    machine: file.readUInt16LE(18),
    libraries: strings === undefined ? [] : entries.filter(([tag]) => tag === DT_NEEDED).map(([, offset]) => textAt(file, strings + offset)),
    needed: versions === undefined || strings === undefined ? [] : neededVersions(file, offsetOf(versions), dynamic.get(DT_VERNEEDNUM)!, strings),
  };
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly start: number;
  readonly size: number;
}

function segmentsOf(file: Buffer): Segment[] {
  const table = Number(file.readBigUInt64LE(32));
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = table + index * file.readUInt16LE(54);
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      start: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}

function dynamicOf(file: Buffer, segments: Segment[]): [number, number][] {
  const segment = segments.find(({ type }) => type === PT_DYNAMIC);
  const entries = Array.from({ length: (segment?.size ?? 0) / 16 }, (_, index) => segment!.offset + index * 16);
  return entries.map((at) => [Number(file.readBigUInt64LE(at)), Number(file.readBigUInt64LE(at + 8))]);
}

function textAt(file: Buffer, offset: number): string {
  return file.toString('latin1', offset, file.indexOf(0, offset));
}

/** Nested linked lists: for each library, its versions. Each entry has the offset of the next. */
function neededVersions(file: Buffer, first: number, libraries: number, strings: number): NeededVersion[] {
  const text = (offset: number) => textAt(file, strings + offset);
  const found: NeededVersion[] = [];
  let entry = first;
  for (let library = 0; library < libraries; library++) {
    let version = entry + file.readUInt32LE(entry + 8);
    for (let index = 0; index < file.readUInt16LE(entry + 2); index++) {
      found.push({ library: text(file.readUInt32LE(entry + 4)), version: text(file.readUInt32LE(version + 8)) });
      version += file.readUInt32LE(version + 12);
    }
    entry += file.readUInt32LE(entry + 12);
  }
  return found;
}
