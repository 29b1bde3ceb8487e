// `npm run native -- arm64`: runs the arm64 programs and LiteRT's arm64 library on this x86_64 machine with qemu: Cargo's own tests, the answers of whole
// models, the server's REST, gRPC and TLS, and the contract with TensorFlow Serving. If the machine lacks something, it explains and skips; with
// --strict it fails.
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { announced, root, tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { library, provideArm64, runner, whyNotArm64 } from './arm64-system.mjs';
import { withDependencies } from './dependencies.mjs';
import { programsDirectory, providePrograms } from './programs.mjs';
import { cargoTarget, crate, PROCESSORS, rust } from './rust.mjs';

const { target } = PROCESSORS.arm64;

/** Not those with a model of 10 GFLOP, which qemu computes for minutes, nor those that give up root, which the mount for qemu needs. */
const SERVER_TESTS = ['rest', 'grpc', 'metrics', 'tls'].map((name) => join('server', 'tests', 'server', `test_${name}.py`));

/** Writes a program that starts the arm64 server with its arguments. */
function serverCommand() {
  const command = join(tools, 'arm64', 'model_server');
  const quoted = [runner, join(programsDirectory('arm64'), 'model_server')].map((path) => `'${path.replaceAll("'", "'\\''")}'`).join(' ');
  writeFileSync(command, `#!/bin/sh\nexec ${quoted} "$@"\n`);
  chmodSync(command, 0o755);
  return command;
}

async function main() {
  const reason = whyNotArm64();
  if (reason) {
    process.stdout.write(`not run: ${reason}\n`);
    return process.argv.includes('--strict') ? 1 : 0;
  }
  await setUp();
  await announced('qemu and the system of arm64', provideArm64);
  await announced('native runtime for arm64', () => providePrograms('arm64', { published: true }));
  const { env } = await rust({ targets: [target] });
  const tested = await withDependencies(() => spawnSync('cargo-zigbuild', ['test', '--locked', '--no-fail-fast', '--target', target], {
    cwd: crate,
    stdio: 'inherit',
    env: {
      ...env,
      CARGO_TARGET_DIR: cargoTarget,
      CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER: runner,
      LITERT_LIBRARY: library,
    },
  }));
  const pytest = (tests, settings) => spawnSync(join(tools, 'python', 'bin', 'python'), ['-m', 'pytest', ...tests, '-q', '-p', 'no:cacheprovider'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, LITERT_LIBRARY: library, ...settings },
  });
  const answered = pytest(['test/arm64'], { NATIVE_PROGRAM: JSON.stringify([runner, join(programsDirectory('arm64'), 'bootstrap')]) });
  const served = pytest([...SERVER_TESTS, join('server', 'tests', 'test_native_contract.py')], { MODEL_SERVER: serverCommand() });
  return [tested, answered, served].every(({ status }) => status === 0) ? 0 : 1;
}

main().then((code) => process.exit(code), (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
