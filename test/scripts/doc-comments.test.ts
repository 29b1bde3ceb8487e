import { execFileSync } from 'child_process';
import { readFileSync } from 'fs';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..');
const FILES = ['*.ts', '*.js', '*.mjs', '*.rs', '*.py'];

/** First words of doc comments in TypeScript, Rust and Python. A line after a line of the same comment begins none. */
const DOC = [
  /^\s*\/\*\*\s*(?:\*\s+)?(\w+(?: \w+)?)/gm,
  /(?<!^\s*\/\/[/!].*\n)^\s*\/\/[/!] (\w+(?: \w+)?)/gm,
  /(?<!^\s*#:.*\n)^\s*#: (\w+(?: \w+)?)/gm,
  /^\s*r?"""(\w+(?: \w+)?)/gm,
];
/** First words of other comments, which may be sentences that begin with `What` or `It`. */
const OTHER = [/(?<!^\s*\/\/.*\n)^\s*\/\/ (\w+(?: \w+)?)/gm, /(?<!^\s*#.*\n)^\s*# (\w+(?: \w+)?)/gm];

/** Beginnings of half a sentence, whose other half would be the name below it. */
const HALF = /^(?:Of|Those|As|Whose|(?:After|At|By|For|From|In|On|To|Until|With) (?:how|what|when|which|whom|whose))\b/;
/** Beginnings of a doc comment without the noun or the verb that says what it documents. */
const NAMELESS = /^(?:By|How|It|Its|That|Their|These|They|What|When|Where|Whether|Which|Who|Why)\b/;

/** Returns the beginnings of a text's comments that are no noun and no verb. */
function fragments(text: string): string[] {
  const beginnings = (patterns: RegExp[]) => patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, words]) => words));
  return [...beginnings(DOC).filter((words) => HALF.test(words) || NAMELESS.test(words)), ...beginnings(OTHER).filter((words) => HALF.test(words))];
}

test('a comment begins with a noun or a verb', () => {
  const found = execFileSync('git', ['ls-files', ...FILES], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n')
    .flatMap((file) => fragments(readFileSync(join(ROOT, file), 'utf8')).map((words) => `${file}: ${words}`));
  expect(found).toEqual([]);
});

test.each([
  ['/** What it is. */', 'What it'],
  ['/**\n * Whether it is.\n */', 'Whether it'],
  ['  // Of two pages.', 'Of two'],
  ['/// Those of `read`.', 'Those of'],
  ['//! As many as may wait.', 'As many'],
  ['#: By which it is known.', 'By which'],
  ['    #: For whom the token is.\n    AUDIENCE = ""', 'For whom'],
  ['def f() -> int:\n    """How many there are."""', 'How many'],
  ['    r"""Where it is."""', 'Where it'],
  ['# Of before records had marks.', 'Of before'],
])('the fragment %j is found', (text, words) => {
  expect(fragments(text)).toEqual([words]);
});

test.each([
  '/** Number of pages. */',
  '/**\n * Limits connections\n * Of both ports together.\n */',
  '/// Most bytes to read\n/// Of a refused body.',
  '#: Directories of the tests,\n#: As the page lists them.',
  '# Retries while a role is new,\n# As on AWS.',
  '// What has a known vulnerability is not published.',
  'const text = "/// Of";',
])('%j is no fragment', (text) => {
  expect(fragments(text)).toEqual([]);
});
