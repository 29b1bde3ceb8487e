/** Output of a program for tests. */
export interface Program {
  readonly machine: number;
  readonly libraries: string[];

  /** Versions of libc.so.6 that it needs. */
  readonly versions: string[];
}

const BASE = 0x1000;

/** The smallest ELF file that has a dynamic section: what a loader reads first, and nothing to run. */
export function elfProgram({ machine, libraries, versions }: Program): Buffer {
  const names = ['', 'libc.so.6', ...libraries, ...versions];
  const strings = Buffer.from(`${names.join('\0')}\0`, 'latin1');
  const offsetOf = (name: string) => Buffer.from(names.slice(0, names.indexOf(name)).map((earlier) => `${earlier}\0`).join(''), 'latin1').length;
  const header = 64 + 2 * 56;
  const needed = Buffer.alloc(versions.length ? 16 + versions.length * 16 : 0);
  if (versions.length) {
    needed.writeUInt16LE(1, 0);
    needed.writeUInt16LE(versions.length, 2);
    needed.writeUInt32LE(offsetOf('libc.so.6'), 4);
    needed.writeUInt32LE(16, 8);
    versions.forEach((version, index) => {
      needed.writeUInt32LE(offsetOf(version), 16 + index * 16 + 8);
      needed.writeUInt32LE(index < versions.length - 1 ? 16 : 0, 16 + index * 16 + 12);
    });
  }
  const stringsAt = header + needed.length;
  const dynamicAt = stringsAt + strings.length;
  const tags = [
    ...libraries.map((name) => [1, offsetOf(name)]), [5, BASE + stringsAt],
    ...versions.length ? [[0x6ffffffe, BASE + header], [0x6fffffff, 1]] : [], [0, 0],
  ];
  const dynamic = Buffer.alloc(tags.length * 16);
  tags.forEach(([tag, value], index) => {
    dynamic.writeBigUInt64LE(BigInt(tag), index * 16);
    dynamic.writeBigUInt64LE(BigInt(value), index * 16 + 8);
  });
  const size = dynamicAt + dynamic.length;
  const head = Buffer.alloc(header);
  head.writeUInt32BE(0x7f454c46, 0);
  head.set([2, 1, 1], 4);
  head.writeUInt16LE(machine, 18);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(2, 56);
  [[1, 0, BASE, size], [2, dynamicAt, BASE + dynamicAt, dynamic.length]].forEach(([type, offset, address, bytes], index) => {
    const at = 64 + index * 56;
    head.writeUInt32LE(type, at);
    [offset, address, address, bytes].forEach((value, field) => head.writeBigUInt64LE(BigInt(value), at + 8 + field * 8));
  });
  return Buffer.concat([head, needed, strings, dynamic]);
}
