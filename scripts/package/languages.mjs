// `npm run test:packages`: builds the packages, installs each into a new app of its language, synthesizes, and compares the templates, which must be
// byte-identical. `-- python go` tests only these (and TypeScript, the reference). The TypeScript app must use the whole public API, so the others do
// too. The apps in examples/ are synthesized as well.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { findPython, root, tools, uv } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { dist, makePackages, missingProgram } from './main.mjs';

/** A separate Maven repository, so that the user's own is unchanged. */
const mavenRepository = join(tools, 'maven');

const environment = {
  ...process.env,
  PATH: [join(tools, 'uv', 'bin'), process.env.PATH].join(delimiter),
  JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20',
  JSII_SILENCE_SUPPORT_WARNING: '1',
  CDK_DISABLE_CLI_TELEMETRY: 'true',
  CDK_VALIDATION: 'false',
};

const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');

/** Templates must not reveal the language or the directory. */
const PLAIN_TEMPLATES = ['--no-version-reporting', '--no-path-metadata', '--no-asset-metadata'];

function execute(command, args, cwd, changes = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env: { ...environment, ...changes }, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed (${status ?? error?.message}):\n${stdout}${stderr}`);
  }
  return stdout;
}

/** Commands that install and run each language's package. The name is the target, except for TypeScript. */
const LANGUAGES = {
  typescript: {
    install: (app) => {
      cpSync(packageFile('js', '.tgz'), join(app, 'package.tgz'));
      execute('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'], app);
      checkUse(join(app, 'app.ts'));
    },
    app: 'npx tsx app.ts',
    examples: ['typescript/function', 'typescript/service', 'typescript/fleet'],
    prepareExamples: (app, directories) => execute('npx', [
      'tsc', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', 'node', ...directories.map((directory) => join(directory, 'app.ts')),
    ], app),
  },
  python: {
    install: (app) => {
      execute(uv, ['venv', '--quiet', '--python', findPython(), '.venv'], app);
      execute(uv, ['pip', 'install', '--quiet', '--python', join('.venv', 'bin', 'python'), packageFile('python', '.whl'), 'aws-cdk-lib==2.263.0'], app);
      execute(join('.venv', 'bin', 'python'), ['docstrings.py'], app);
    },
    app: '.venv/bin/python app.py',
    examples: ['python/function'],
  },
  java: {
    install: (app) => {
      // Maven caches by version, and ours is the same in every build.
      rmSync(join(mavenRepository, 'io', 'github', 'cdk-tensorflow'), { recursive: true, force: true });
      cpSync(join(dist, 'java'), join(app, 'repository'), { recursive: true });
      execute('mvn', ['-q', '-B', `-Dmaven.repo.local=${mavenRepository}`, 'compile'], app);
    },
    app: `mvn -q -B -e "-Dmaven.repo.local=${mavenRepository}" exec:java`,
  },
  go: {
    install: (app) => {
      cpSync(join(dist, 'go', 'cdktensorflow'), join(app, 'package'), { recursive: true });
      execute('go', ['mod', 'tidy'], app);
      execute('go', ['build', '-o', 'consumer', '.'], app);
      compileGuide(app);
    },
    app: './consumer',
  },
};

/** Compiles the Go examples in docs/languages.md, which are corrected translations. */
function compileGuide(app) {
  const examples = [...readFileSync(join(root, 'docs', 'languages.md'), 'utf8').matchAll(/```go\n([^]*?)```/g)].map(([, code]) => code.replace(/^import .*\n/gm, ''));
  const functions = examples.map((code, index) => `func example${index}(this constructs.Construct, cluster awseksv2.ICluster, vpc awsec2.IVpc) {\n${code}}\n`);
  const main = readFileSync(join(app, 'main.go'), 'utf8');
  const imports = main.slice(main.indexOf('import ('), main.indexOf('\n)') + 2).split('\n')
    .filter((line) => /import|^\)/.test(line) || /\/(awscdk\/v2|awseksv2|awsec2|constructs\/v10|jsii-runtime-go|cdktensorflow)"/.test(line)).join('\n')
    .replace('tensorflow "', 'cdktensorflow "');
  mkdirSync(join(app, 'guide'));
  writeFileSync(join(app, 'guide', 'examples.go'), `package guide\n\n${imports}\n\n${functions.join('\n')}`);
  execute('go', ['build', './guide'], app);
}

/** Checks that the program compiles under the strict rules and uses every public name. */
function checkUse(program) {
  const { errors, unused } = inspectProgram(JSON.parse(readFileSync(join(root, '.jsii'), 'utf8')), program);
  if (errors.length) {
    throw new Error(`does not compile:\n${errors.join('\n')}`);
  }
  if (unused.length) {
    throw new Error(`test/packages must use everything that is public, and does not use ${unused.join(', ')}: add it to the app in each language`);
  }
}

/** Returns the package's file. Guides that name a file to install must name this one. */
function packageFile(target, extension) {
  const name = readdirSync(join(dist, target)).find((file) => file.endsWith(extension));
  const files = new RegExp(`dist/${target}/[^\\s)\`]+`, 'g');
  const wrong = ['README.md', 'docs/getting-started.md', 'docs/languages.md', 'examples/README.md'].flatMap((page) => (
    [...readFileSync(join(root, page), 'utf8').matchAll(files)].filter(([file]) => file !== `dist/${target}/${name}`).map(([file]) => `${page}: ${file}`)));
  if (wrong.length) {
    throw new Error(`the guides must name the file to install, dist/${target}/${name}, and not\n${wrong.join('\n')}`);
  }
  return join(dist, target, name);
}

/** Returns templates by file name, and the assets of each stack. */
function synthesize(language, work) {
  const app = join(work, language);
  cpSync(join(root, 'test', 'packages', language), app, { recursive: true });
  for (const directory of ['examples/digits', 'examples/hooks', 'test/packages/assets/serving']) {
    cpSync(join(root, directory), join(app, basename(directory)), { recursive: true });
  }
  LANGUAGES[language].install(app);
  execute(process.execPath, [cdk, 'synth', '-q', ...PLAIN_TEMPLATES, '--app', LANGUAGES[language].app, '--output', 'cdk.out'], app);
  return { ...templates(join(app, 'cdk.out')), ...synthesizeExamples(language, app) };
}

/** Synthesizes the apps of examples/ as a user does, with their own cdk.json. */
function synthesizeExamples(language, app) {
  const { examples = [], prepareExamples } = LANGUAGES[language];
  const directories = examples.map((example) => join(app, 'examples', example));
  cpSync(join(root, 'examples'), join(app, 'examples'), { recursive: true, filter: (path) => !/node_modules|cdk\.out/.test(path) });
  prepareExamples?.(app, directories);
  return Object.assign({}, ...directories.map((directory) => {
    // Set PATH as in an activated virtual environment.
    const PATH = [join(app, '.venv', 'bin'), environment.PATH].join(delimiter);
    execute(process.execPath, [cdk, 'synth', '-q', ...PLAIN_TEMPLATES], directory, { PATH });
    const files = templates(join(directory, 'cdk.out'));
    return Object.fromEntries(Object.entries(files).map(([name, text]) => [`examples/${basename(directory)}/${name}`, text]));
  }));
}

function templates(output) {
  const wanted = readdirSync(output).filter((name) => /\.(template|assets)\.json$/.test(name)).sort();
  return Object.fromEntries(wanted.map((name) => [name, readFileSync(join(output, name), 'utf8')]));
}

await setUp({ programs: [] });
// Imported late, because a fresh clone has no packages at first.
const { tsImport } = await import('tsx/esm/api');
const { inspectProgram } = await tsImport('./public-api-use.ts', import.meta.url);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in LANGUAGES));
if (unknown.length) {
  process.stderr.write(`unknown language ${unknown.join(', ')}: one of ${Object.keys(LANGUAGES).join(', ')}\n`);
  process.exit(2);
}
const languages = ['typescript', ...Object.keys(LANGUAGES).filter((name) => name !== 'typescript' && (asked.length === 0 || asked.includes(name)))];
const work = mkdtempSync(join(tmpdir(), 'packages-'));
let passed = 0;
let failed = 0;
let reference;
try {
  // With the user's PATH: the set-up must not find the Python of the tools that it installs.
  execute('npm', ['run', '--silent', 'package', '--', '--target', 'js'], root, { PATH: process.env.PATH });
  for (const language of languages) {
    const started = Date.now();
    try {
      const target = language === 'typescript' ? 'js' : language;
      const missing = missingProgram(target);
      if (missing) {
        throw new Error(missing);
      }
      if (target !== 'js') {
        makePackages([target], environment);
      }
      const files = synthesize(language, work);
      if (language === 'typescript') {
        reference = files;
      } else if (reference === undefined) {
        throw new Error('there is nothing to compare with, because TypeScript failed');
      }
      // Not every example exists in every language.
      const names = Object.keys({ ...reference, ...files }).filter((name) => !name.startsWith('examples/') || name in files);
      const different = names.filter((name) => reference[name] !== files[name]);
      if (different.length) {
        throw new Error(`differs from TypeScript's: ${different.join(', ')} (kept in ${work})`);
      }
      passed += 1;
      process.stdout.write(`✓ ${language}: ${Object.keys(files).length} files, byte-identical (${Math.round((Date.now() - started) / 1000)} s)\n`);
    } catch (error) {
      failed += 1;
      process.stdout.write(`✗ ${language}: ${error.message}\n`);
    }
  }
  checkDotnet();
  passed += 1;
} catch (error) {
  failed += 1;
  process.stdout.write(`✗ ${error.message}\n`);
}

function checkDotnet() {
  makePackages(['dotnet'], environment);
  const project = execFileSync('find', [join(dist, 'dotnet'), '-name', '*.csproj'], { encoding: 'utf8' }).trim();
  if (!project || !readFileSync(project.split('\n')[0], 'utf8').includes('CdkTensorFlow')) {
    throw new Error('the .NET package lacks its project file');
  }
  process.stdout.write('✓ dotnet: code generated, not compiled\n');
}

if (failed === 0) {
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed ? 1 : 0;
