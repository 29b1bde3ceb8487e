import { existsSync, readdirSync, readFileSync } from 'fs';
import { dirname, join, relative, resolve } from 'path';
import * as ts from 'typescript';

const ROOT = resolve(__dirname, '..', '..');

/** Returns the files of a directory that a source file imports, including types: ESLint's no-cycle covers values only. */
function imports(file: string): string[] {
  return ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .flatMap(({ fileName }) => ['', '.ts', '.mjs', '/index.ts'].map((ending) => join(dirname(file), `${fileName}${ending}`)))
    .filter((path) => /\.(ts|mjs)$/.test(path) && existsSync(path));
}

/** The first circle that is found from each file, as a path that ends where it begins. */
function circles(files: string[]): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, trail: string[]): void => {
    if (trail.includes(file)) {
      found.push([...trail.slice(trail.indexOf(file)), file].map((path) => relative(ROOT, path)).join(' → '));
    } else if (!done.has(file)) {
      imports(file).forEach((imported) => visit(imported, [...trail, file]));
      done.add(file);
    }
  };
  files.forEach((file) => visit(file, []));
  return found;
}

const sources = (room: string) => readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(ts|mjs)$/.test(name) && !/node_modules|\.d\.ts$/.test(name)).map((name) => join(ROOT, room, name));

test.each(['lib', 'bin', 'cli', 'scripts', 'lab', 'test'])('no file of %s imports itself, not even for a type', (room) => {
  expect(circles(sources(room)).filter((circle) => circle.startsWith(`${room}/`))).toEqual([]);
});
