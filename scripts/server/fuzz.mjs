// `npm run fuzz [-- --seconds 600] [--target body]`: sends random requests, events, paths and model descriptions through the native runtime, without a
// model. libFuzzer is driven directly: a stable Rust has the instrumentation, and allows AddressSanitizer to programs that are not released.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root, run, tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { crate, machine, PROCESSORS, rust } from './rust.mjs';

const fuzzCrate = join(crate, 'fuzz');
const work = join(tools, 'fuzz');
const TARGETS = readdirSync(join(fuzzCrate, 'targets')).map((name) => name.replace(/\.rs$/, '')).sort();

/** Compiler flags by which libFuzzer sees which code an input reaches, and of AddressSanitizer. */
const RUST_FLAGS = [
  '-Cpasses=sancov-module',
  '-Cllvm-args=-sanitizer-coverage-level=4',
  '-Cllvm-args=-sanitizer-coverage-inline-8bit-counters',
  '-Cllvm-args=-sanitizer-coverage-pc-table',
  '-Cllvm-args=-sanitizer-coverage-trace-compares',
  '-Zsanitizer=address',
  '-Ccodegen-units=1',
];

/** An input that takes longer (s), or needs more memory (MiB), is a finding as well. */
const LIMITS = { timeout: 10, rss_limit_mb: 2048, max_len: 8192 };

/** Builds the targets. Returns the directory of the programs. */
async function build() {
  const { env } = await rust({ exact: true });
  const { target } = PROCESSORS[machine];
  // zig cannot link AddressSanitizer as Rust asks for it, so the machine's compiler links.
  const PATH = env.PATH.split(delimiter).filter((directory) => !directory.startsWith(join(tools, 'zig'))).join(delimiter);
  for (const compiler of ['cc', 'c++']) {
    if (spawnSync(compiler, ['--version'], { env: { ...env, PATH }, stdio: 'ignore' }).status !== 0) {
      throw new Error(`fuzzing needs a C++ compiler, and this machine has no \`${compiler}\`: install GCC or Clang`);
    }
  }
  await run('cargo', ['build', '--quiet', '--locked', '--release', '--target', target], {
    cwd: fuzzCrate,
    env: { ...env, PATH, CARGO_TARGET_DIR: join(work, 'target'), CARGO_ENCODED_RUSTFLAGS: RUST_FLAGS.join('\x1f'), RUSTC_BOOTSTRAP: '1' },
  });
  return join(work, 'target', target, 'release');
}

/** Makes the first inputs of each target from the contract's cases. */
function seeds(directory) {
  const cases = JSON.parse(readFileSync(join(root, 'test', 'contract', 'cases.json'), 'utf8'));
  const payload2 = ({ method, path, body }, more) => ({ version: '2.0', rawPath: path, requestContext: { http: { method } }, body, ...more });
  const payload1 = ({ method, path, body }, more) => ({ resource: '/{proxy+}', path, httpMethod: method, requestContext: {}, body, ...more });
  const encoded = ({ body }) => (body === undefined ? {} : { body: Buffer.from(body).toString('base64'), isBase64Encoded: true });
  const texts = {
    body: cases.flatMap(({ body }) => (body === undefined ? [] : [body])),
    event: cases.flatMap((request) => [payload2(request), payload1(request), payload2(request, encoded(request))].map((event) => JSON.stringify(event))),
    path: cases.map(({ method, path }) => `${method} ${path}`),
  };
  rmSync(directory, { recursive: true, force: true });
  for (const [target, list] of Object.entries(texts)) {
    mkdirSync(join(directory, target), { recursive: true });
    list.forEach((text, index) => writeFileSync(join(directory, target, `case-${index}`), text));
  }
  // The byte before each says what the image is for.
  const images = join(crate, 'tests', 'images');
  mkdirSync(join(directory, 'image'), { recursive: true });
  for (const name of readdirSync(images).filter((file) => /\.(jpg|png)$/.test(file))) {
    writeFileSync(join(directory, 'image', name), Buffer.concat([Buffer.of(3), readFileSync(join(images, name))]));
  }
}

const ENVIRONMENT = { ASAN_OPTIONS: 'detect_odr_violation=0:abort_on_error=0', RUST_BACKTRACE: '1' };

/** Runs a program of a target. Returns its exit code and output. */
function execute(program, args) {
  return new Promise((ended, failed) => {
    const child = spawn(program, args, { cwd: work, env: { ...process.env, ...ENVIRONMENT }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', failed);
    child.on('close', (code, signal) => ended({ code: code ?? signal, output }));
  });
}

const last = (text, pattern) => [...text.matchAll(pattern)].at(-1)?.[1] ?? '?';

/** Fuzzes one target. Returns whether nothing was found. */
async function fuzz(target, programs, seconds) {
  const found = join(work, 'findings', target);
  const grown = join(work, 'corpus', target);
  [found, grown].forEach((directory) => mkdirSync(directory, { recursive: true }));
  const before = new Set(readdirSync(found));
  const given = [join(work, 'seeds', target), join(fuzzCrate, 'corpus', target)].filter((directory) => existsSync(directory));
  const options = { ...LIMITS, max_total_time: seconds, print_final_stats: 1, artifact_prefix: `${found}/`, dict: join(fuzzCrate, 'json.dict') };
  const args = Object.entries(options).map(([name, value]) => `-${name}=${value}`);
  const { code, output } = await execute(join(programs, target), [...args, grown, ...given]);
  const log = join(work, `${target}.log`);
  writeFileSync(log, output);
  const executions = last(output, /^stat::number_of_executed_units:\s*(\d+)/gm);
  const coverage = last(output, / cov: (\d+)/g);
  process.stdout.write(`${code === 0 ? '✓' : '✗'} ${target}: ${executions} executions, ${coverage} edges covered, ${readdirSync(grown).length} inputs kept\n`);
  if (code !== 0) {
    const reason = /panicked at .*\n.*|SUMMARY: .*|ERROR: .*/.exec(output)?.[0] ?? `ended with ${code}`;
    const inputs = readdirSync(found).filter((name) => !before.has(name)).map((name) => relative(root, join(found, name)));
    process.stdout.write(`  ${reason.replace('\n', ' ')}\n  input: ${inputs.join(', ') || 'none kept'}\n  log: ${relative(root, log)}\n`);
  }
  return code === 0;
}

async function main() {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '30' }, target: { type: 'string', multiple: true, default: TARGETS }, input: { type: 'string' } },
  });
  const unknown = values.target.filter((target) => !TARGETS.includes(target));
  if (unknown.length) {
    throw new Error(`--target must be one of ${TARGETS.join(', ')}, got ${unknown.join(', ')}`);
  }
  if (!/^[1-9]\d*$/.test(values.seconds)) {
    throw new Error(`--seconds must be a positive whole number, got ${values.seconds}`);
  }
  if (values.input && values.target.length !== 1) {
    throw new Error('--input needs the --target that reads it');
  }
  if (!machine) {
    throw new Error(`fuzzing needs x86_64 or arm64, and this machine's processor is ${process.arch}`);
  }
  await setUp({ programs: [] });
  const programs = await build();
  if (values.input) {
    const { code, output } = await execute(join(programs, values.target[0]), [resolve(values.input)]);
    process.stdout.write(output);
    return code === 0;
  }
  seeds(join(work, 'seeds'));
  let passed = 0;
  for (const target of values.target) {
    passed += await fuzz(target, programs, values.seconds) ? 1 : 0;
  }
  process.stdout.write(`${passed} passed, ${values.target.length - passed} failed\n`);
  return passed === values.target.length;
}

main().then((passed) => process.exit(passed ? 0 : 1), (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
