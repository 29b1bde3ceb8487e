// `npm run schemas`: writes the JSON Schemas of the documents that pass between the languages, from the optimizer's models, and TypeScript's types of
// them, into lib/private/documents. `-- --check` fails if a type is outdated; a test of Python does for the schemas.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { compile } from 'json-schema-to-typescript';
import { root, run, tools } from '../setup/environment.mjs';

const BUILD_RUNNER = 'runtime/build_runner/src/model_builds';
/** The schemas of documents that TypeScript reads or writes. */
const SCHEMAS = [
  ...['job', 'manifest', 'golden', 'captured-request'].map((name) => `optimizer/schema/${name}.schema.json`),
  `${BUILD_RUNNER}/documents/kept.schema.json`,
];
const DIRECTORY = 'lib/private/documents';

const check = process.argv.includes('--check');
if (!check) {
  await run(join(tools, 'python', 'bin', 'python'), ['-m', 'tensorflow_optimizer', 'schemas'], { env: { ...process.env, PYTHONPATH: ['optimizer/src', 'runtime/shared/src'].join(':') } });
}
const stale = [];
/** The types of the files before, by their text: a file imports those that it shares with one of them. */
const known = new Map();
for (const schema of SCHEMAS) {
  const name = basename(schema, '.schema.json');
  const file = join(DIRECTORY, `${name}.ts`);
  const text = withoutKnown(name, await typesOf(name, schema));
  if (!check) {
    writeFileSync(join(root, file), text);
  } else if (readFileSync(join(root, file), 'utf8') !== text) {
    stale.push(file);
  }
}
if (stale.length) {
  process.stderr.write(`${stale.join(', ')} out of date: run \`npm run schemas\`\n`);
  process.exit(1);
}

function typesOf(name, schema) {
  const parsed = JSON.parse(readFileSync(join(root, schema), 'utf8'), (_, value) => (Array.isArray(value?.prefixItems) ? asTuple(value) : value));
  // The title names the file, such as job.json.
  const title = name.split('-').map((word) => word[0].toUpperCase() + word.slice(1)).join('');
  return compile({ ...parsed, title }, title, {
    additionalProperties: false,
    bannerComment: `// Generated from ${schema} by \`npm run schemas\`.`,
    cwd: join(root, dirname(schema)),
    ignoreMinAndMaxItems: true,
    style: { printWidth: 160, singleQuote: true },
  });
}

/** Imports the types that another file has word for word, in the place of a second declaration. */
function withoutKnown(name, text) {
  const [banner, ...declarations] = text.split(/^(?=\/\*\*$)/m);
  const shared = {};
  const own = declarations.filter((declaration) => {
    const key = declaration.trimEnd();
    const home = known.get(key);
    if (home) {
      (shared[home] ??= []).push(/^export \w+ (\w+)/m.exec(key)[1]);
    } else {
      known.set(key, name);
    }
    return !home;
  });
  const code = own.join('').replace(/^ *\/\*\*$.*?\*\/$/gms, '');
  const isUsed = (type) => new RegExp(`\\b${type}\\b`).test(code);
  const imports = Object.entries(shared).map(([home, types]) => `import type { ${types.filter(isUsed).sort().join(', ')} } from './${home}';\n`);
  return [banner, ...imports, ...imports.length ? ['\n'] : [], ...own].join('');
}

/** Returns a tuple as the generator reads it, in the words of an earlier draft of JSON Schema. */
function asTuple({ prefixItems, ...schema }) {
  return { ...schema, items: prefixItems, additionalItems: false };
}
