// Builds the programs that the native runtime is compared with, for this machine and as the native runtime is built:
// `node lab/benchmark/cold/programs.mjs OUTPUT lambda_runtime|c_program`.
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { machine, PROCESSORS, rust, VERSIONS } from '../../../scripts/server/rust.mjs';
import { root, run, tools } from '../../../scripts/setup/environment.mjs';

const here = join(root, 'lab', 'benchmark', 'cold');
const { target } = PROCESSORS[machine];

const BUILDS = {
  /** An empty function over AWS's `lambda_runtime`. */
  lambda_runtime: async (toolchain, output) => {
    const built = join(tools, 'benchmark-cargo-target');
    const options = ['--release', '--locked', '--target', `${target}.${VERSIONS.glibc}`];
    await run('cargo', ['zigbuild', ...options], { cwd: join(here, 'lambda_runtime'), env: { ...toolchain.env, CARGO_TARGET_DIR: built } });
    copyFileSync(join(built, target, 'release', 'empty-function'), output);
  },
  /** A program over the same libLiteRt.so. */
  c_program: async (toolchain, output) => {
    const directory = join(here, 'c_program');
    const sources = readdirSync(directory).filter((name) => name.endsWith('.c')).map((name) => join(directory, name));
    const options = ['-std=c11', '-O2', '-s', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-target', `${target.replace('-unknown', '')}.${VERSIONS.glibc}`];
    await run(toolchain.env.CARGO_ZIGBUILD_PYTHON_PATH, ['-m', 'ziglang', 'cc', ...options, ...sources, '-ldl', '-o', output], { env: toolchain.env });
  },
};

const [output, program] = process.argv.slice(2);
try {
  await BUILDS[program](await rust({ targets: [target] }), output);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
