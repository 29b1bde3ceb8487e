import { readFileSync } from 'fs';
import { deflateRawSync } from 'zlib';

export interface ZipEntry {
  /** Path in the archive, with forward slashes. */
  readonly name: string;

  readonly content: Buffer;

  /** Permissions, e.g. 0o755. */
  readonly mode: number;
}

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_CENTRAL_DIRECTORY = 0x06054b50;
const END_BYTES = 22;
const VERSION_2_0 = 20;
/** For archives from Unix, the upper half of the external attributes contains the permissions. */
const MADE_BY_UNIX = (3 << 8) | VERSION_2_0;
const REGULAR_FILE = 0o100000;
const NAMES_ARE_UTF8 = 1 << 11;
const DEFLATE = 8;
const CRC_TABLE = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) {
    value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return value >>> 0;
});
/** 1 January 1980, the earliest date the format supports. */
const FIRST_DAY = (1 << 5) | 1;

/**
 * Creates a ZIP archive with the given permissions on every host, sorted by name, without dates.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function zipFile(entries: ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const entry of [...entries].sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const name = Buffer.from(entry.name, 'utf-8');
    const packed = deflateRawSync(entry.content, { level: 9 });
    const common = commonHeader(entry.content, packed, name);
    const local = Buffer.concat([uint32(LOCAL_HEADER), common, name, packed]);
    // No comment, disk 0, binary.
    const place = Buffer.concat([uint16(0), uint16(0), uint16(0), uint32((REGULAR_FILE | entry.mode) * 0x10000), uint32(offset)]);
    centrals.push(Buffer.concat([uint32(CENTRAL_HEADER), uint16(MADE_BY_UNIX), common, place, name]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(centrals);
  const count = uint16(entries.length);
  const end = Buffer.concat([uint32(END_OF_CENTRAL_DIRECTORY), uint16(0), uint16(0), count, count, uint32(central.length), uint32(offset), uint16(0)]);
  return Buffer.concat([...locals, central, end]);
}

/** Sums up the sizes of all files in a ZIP archive without a comment, as Lambda does for its limit. */
export function unzippedBytes(path: string): number {
  const file = readFileSync(path);
  const end = file.length - END_BYTES;
  let at = file.readUInt32LE(end + 16);
  let sum = 0;
  for (let left = file.readUInt16LE(end + 10); left > 0; left--) {
    sum += file.readUInt32LE(at + 24);
    at += 46 + file.readUInt16LE(at + 28) + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
  }
  return sum;
}

/** Fields that both headers of a file have. */
function commonHeader(content: Buffer, packed: Buffer, name: Buffer): Buffer {
  return Buffer.concat([
    uint16(VERSION_2_0), uint16(NAMES_ARE_UTF8), uint16(DEFLATE), uint16(0), uint16(FIRST_DAY),
    uint32(crc32(content)), uint32(packed.length), uint32(content.length), uint16(name.length), uint16(0),
  ]);
}

/** Only Node.js 20.15 and later have zlib.crc32. */
function crc32(content: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of content) {
    crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff];
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function uint16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value);
  return buffer;
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}
