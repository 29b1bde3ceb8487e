import { execFileSync } from 'child_process';
import { readFileSync } from 'fs';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
/** The first words of doc comments that begin a line, in TypeScript, Rust and Python. */
const FIRST = [/^\s*\/\*\*\s*(?:\*\s+)?(\w+)/gm, /(?<!\/\/[/!].*\n\s*)^\s*\/\/[/!] (\w+)/gm, /^\s*"""(\w+)/gm];
const REFUSED = ['What', 'Whether', 'Who'];

const firstWords = (text: string) => FIRST.flatMap((first) => [...text.matchAll(first)].map(([, word]) => word));

test('a doc comment begins with a noun or a verb', () => {
  const files = execFileSync('git', ['ls-files', '*.ts', '*.mjs', '*.rs', '*.py'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
  const wrong = files.flatMap((file) => firstWords(readFileSync(join(ROOT, file), 'utf8')).filter((word) => REFUSED.includes(word)).map((word) => `${file}: ${word}`));
  expect(wrong).toEqual([]);
});

test('the first word is found in each language', () => {
  expect(['/** What it is. */', '/**\n * Whether it is.\n */', '/// Who it is.\n/// What follows.', '//! What it has.', 'def f() -> int:\n    """Whether it is."""'].map(firstWords)).toEqual(
    [['What'], ['Whether'], ['Who'], ['What'], ['Whether']],
  );
});
