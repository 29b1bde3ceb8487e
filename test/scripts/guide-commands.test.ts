import { spawnSync } from 'child_process';
import { readdirSync, readFileSync, statSync } from 'fs';
import { dirname, join, resolve } from 'path';
import { parseCompletionOptions } from '../../cli/completion/options';
import { parseDeliveryOptions } from '../../cli/delivery/options';
import { parseOpenOptions } from '../../cli/open/options';
import { parseOpenApiOptions } from '../../cli/openapi/options';
import OPTIMIZER from '../../cli/optimizer/commands.json';
import { parsePreflightOptions } from '../../cli/preflight/options';
import { parseRecommendOptions } from '../../cli/recommend/options';

const ROOT = resolve(__dirname, '..', '..');
const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md', 'lab/emulator/README.md', 'lab/benchmark/README.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md') && !name.includes('node_modules')).map((name) => join('docs', name)),
];
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
/** The programs of scripts that are given the name of one. */
const programs = JSON.parse(read('scripts/setup/commands.json')) as Record<string, Record<string, string>>;

/** The code blocks of a page, as their language and their text. */
const blocks = (text: string) => [...text.matchAll(/^( *)```(\w+)[^\n]*\n([^]*?)^\1```$/gm)].map(([, indent, language, code]) => (
  { language, code: code.replace(new RegExp(`^${indent}`, 'gm'), '') }));

/** All commands of a page: the lines of its shell blocks, and code in its sentences that begins like a command. */
function commands(text: string): string[] {
  const lines = blocks(text).filter(({ language }) => language === 'sh').flatMap(({ code }) => code.replace(/\\\n/g, ' ').split('\n'));
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
  return [...lines.map((line) => line.replace(/ +#.*$/, '')), ...inline].flatMap((line) => line.split(/ && |; /)).map((line) => line.trim());
}

/** The words of a command from a certain one on, without what a page abbreviates. */
const words = (command: string) => command.split(/\s+/).filter((word) => word !== '' && !word.includes('…'));

/** All files below the directory of a script, which may declare its options anywhere there. */
function sources(file: string): string {
  const directory = join(ROOT, dirname(file));
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(m?js|ts|py)$/.test(name) && !name.includes('node_modules'))
    .map((name) => join(directory, name)).filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, 'utf8')).join('\n');
}

/** Tells whether sources declare an option: for parseArgs, for argparse, for the benchmarks' own function, or by comparing words. */
function declares(text: string, option: string): boolean {
  const name = option.replace(/^--/, '');
  return text.includes(`'--${name}'`) || text.includes(`"--${name}"`) || new RegExp(`^\\s*'?${name}'?: \\{ ?(type|short)`, 'm').test(text)
    || new RegExp(`\\{[^\\n]*\\b${name}: \\{ ?type`).test(text) || text.includes(`asked(__doc__, "${name}"`) || text.includes(`/--${name}[`);
}

/** Returns what is wrong with a command of npm, or undefined. */
function problemOfNpm(command: string): string | undefined {
  const [, script, given = ''] = /^(?:[A-Z_]+=\S+ )*npm (?:run (?:--silent )?)?([\w:]+)(?: -- (.*))?$/.exec(command) ?? [];
  if (script === undefined || ['ci', 'exec', 'install'].includes(script)) {
    return undefined;
  }
  const named = programs[script];
  const program = named ? named[words(given)[0] in named ? words(given)[0] : ''] : scripts[script];
  if (program === undefined) {
    return `there is no script ${script}${named && given ? ` -- ${given}` : ''}`;
  }
  const file = program.split(' ').filter((word) => /\.(m?js|ts|py)$/.test(word)).at(-1);
  const options = file === 'scripts/server/cargo.mjs' ? [] : words(given).filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]);
  const missing = options.filter((option) => !declares(sources(file!), option));
  return missing.length > 0 ? `${script} has no ${missing.join(', ')}` : undefined;
}

/** Returns what is wrong with a command of the package, or undefined. */
function problemOfCli(command: string): string | undefined {
  const [, name, given = ''] = /^(?:npx )?cdk-tensorflow ([\w-]+)(?: (.*))?$/.exec(command) ?? [];
  if (name === undefined) {
    return undefined;
  }
  try {
    const args = words(given);
    // A sentence names an action or a command alone.
    const complete = name === 'delivery' && !args.includes('--stack') ? ['--stack', 'Delivery'] : [];
    const parse = {
      preflight: parsePreflightOptions, delivery: parseDeliveryOptions, recommend: parseRecommendOptions, open: parseOpenOptions, openapi: parseOpenApiOptions,
      completion: parseCompletionOptions,
    }[name];
    if (Object.hasOwn(OPTIMIZER, name)) {
      return undefined; // the optimizer's test_guides.py has its options
    }
    if (!parse) {
      return `there is no command ${name}`;
    }
    if (name === 'preflight' || args.length > 0) {
      parse([...args, ...complete]);
    }
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Returns what is wrong with a block of code of a language, or undefined. `npm run examples` compiles TypeScript and its translations. */
const PARSERS: Record<string, (code: string) => string | undefined> = {
  sh: (code) => complaint('bash', ['-n'], code),
  python: (code) => complaint(join(ROOT, '.tools/python/bin/python'), ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], code),
  yaml: (code) => complaint(join(ROOT, '.tools/python/bin/python'), ['-c', 'import sys, yaml; list(yaml.safe_load_all(sys.stdin))'], code),
  json: (code) => {
    try {
      JSON.parse(code);
      return undefined;
    } catch (error) {
      return String(error);
    }
  },
  js: (code) => complaint('node', ['--check', '--input-type=module', '-'], code),
};

/** Languages that other tests compile or compare, or that have no grammar. */
const OTHERS = ['ts', 'java', 'go', 'sql', 'text'];

function complaint(program: string, args: string[], input: string): string | undefined {
  const { status, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  return status === 0 ? undefined : stderr;
}

test.each(PAGES)('%s names only commands that exist, with their own options', (page) => {
  const all = commands(read(page));

  expect(all.flatMap((command) => [problemOfNpm(command), problemOfCli(command)].filter(Boolean).map((problem) => [command, problem]))).toEqual([]);
});

test('a missing script, a missing command and options that do not exist are found', () => {
  expect(['npm run nothing', 'npm run native -- nothing', 'npm run bench -- warm --nothing', 'npm run lint -- api', 'npm test -- --nothing', 'npm run demo -- --path all --nothing=1', 'npm run test:cluster -- --nodes real 1.37'].map(problemOfNpm)).toEqual(
    ['there is no script nothing', 'there is no script native -- nothing', 'bench has no --nothing', undefined, 'test has no --nothing', 'demo has no --nothing', undefined],
  );
  expect(problemOfCli('npx cdk-tensorflow nothing')).toBe('there is no command nothing');
  expect(problemOfCli('npx cdk-tensorflow preflight --nothing')).toContain('--nothing');
  expect(problemOfCli('cdk-tensorflow delivery nothing')).toContain('nothing');
  expect(problemOfCli('cdk-tensorflow delivery rollback --yes')).toBeUndefined();
});

test.each(PAGES)('%s has code that can be parsed', (page) => {
  const found = blocks(read(page)).filter(({ language }) => !OTHERS.includes(language));

  expect(found.map(({ language }) => language).filter((language) => !(language in PARSERS))).toEqual([]);
  expect(found.map(({ language, code }) => [code, PARSERS[language](code)]).filter(([, problem]) => problem !== undefined)).toEqual([]);
});

test.each([['sh', 'if true'], ['python', 'def f(:'], ['yaml', 'a: [1'], ['json', '{'], ['js', 'const = 1']])('broken %s is found', (language, code) => {
  expect(PARSERS[language](code)).toBeTruthy();
});
