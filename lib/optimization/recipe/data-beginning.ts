import { closeSync, openSync, readSync } from 'fs';

/** Bytes that are read of a file. A first line that is longer is left to the build. */
const LIMIT = 1 << 16;
const MEMBERS = ['instances', 'inputs', 'label', 'signature_name'];

/**
 * Returns what the beginning of evaluation data shows to be wrong, without the model, in the words of the optimizer, which checks all of it.
 *
 * @param where names the file
 * @param path of a file that is not empty
 */
export function beginningProblems(where: string, path: string): string[] {
  const lines = completeLines(path);
  if (/\.jsonl$/i.test(path)) {
    const number = lines.findIndex((line) => line.trim() !== '');
    return number < 0 ? [] : bodyProblems(`${where} line ${number + 1}`, lines[number]);
  }
  return /\.csv$/i.test(path) && lines.length > 0 ? headerProblems(where, lines[0].replace(/^\uFEFF/, '')) : [];
}

/** Returns the first bytes of a file. */
export function firstBytes(path: string, count: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(count);
    return buffer.subarray(0, readSync(file, buffer, 0, count, 0));
  } finally {
    closeSync(file);
  }
}

function completeLines(path: string): string[] {
  const bytes = firstBytes(path, LIMIT);
  const lines = bytes.toString('utf8').split('\n');
  return bytes.length < LIMIT ? lines : lines.slice(0, -1);
}

function bodyProblems(place: string, line: string): string[] {
  let body: unknown;
  try {
    body = JSON.parse(line);
  } catch (error) {
    // Python reads these too.
    return /\b(NaN|Infinity)\b/.test(line) ? [] : [`${place} is not JSON (${(error as Error).message}): ${FORM}`];
  }
  const members = body !== null && typeof body === 'object' && !Array.isArray(body) ? Object.keys(body) : undefined;
  if (members !== undefined && members.includes('instances') !== members.includes('inputs') && members.every((name) => MEMBERS.includes(name))) {
    return [];
  }
  const found = members?.sort().join(', ') ?? JSON.stringify(body);
  return [`${place} has ${found.slice(0, 100) || 'nothing'}: ${FORM}`];
}

const FORM = 'a line is a REST body with "instances" or "inputs", and a "label"';

function headerProblems(where: string, header: string): string[] {
  // A quoted name may hold a comma; the build reads it.
  if (header.includes('"')) {
    return [];
  }
  const names = header.split(',').map((name) => name.trim());
  const wrong = names.flatMap((name, index) => (name === '' || names.indexOf(name) !== names.lastIndexOf(name) ? [index + 1] : []));
  return wrong.length === 0 ? [] : [`${where} has columns without a name, or with that of another (${wrong.slice(0, 8).join(', ')}): give each a name of its own`];
}
