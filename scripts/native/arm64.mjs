// `npm run test:arm64`: runs the arm64 program and LiteRT's arm64 library on this x86_64 machine with qemu: first Cargo's own tests, then the answers
// of whole models. If the machine lacks something, it explains and skips; with --strict it fails.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { announced, root, tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { library, provideArm64, runner, whyNotArm64 } from './arm64-system.mjs';
import { programsDirectory, providePrograms } from './programs.mjs';
import { crate, PROCESSORS, rust } from './rust.mjs';

const { target } = PROCESSORS.arm64;

async function main() {
  const reason = whyNotArm64();
  if (reason) {
    process.stdout.write(`not run: ${reason}\n`);
    return process.argv.includes('--strict') ? 1 : 0;
  }
  await setUp();
  await announced('qemu and the system of arm64', provideArm64);
  await announced('native runtime for arm64', () => providePrograms('arm64'));
  const { env } = await rust({ targets: [target] });
  const tested = spawnSync('cargo-zigbuild', ['test', '--locked', '--no-fail-fast', '--target', target], {
    cwd: crate,
    stdio: 'inherit',
    env: {
      ...env,
      CARGO_TARGET_DIR: join(tools, 'cargo-target'),
      CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER: runner,
      LITERT_LIBRARY: library,
    },
  });
  const answered = spawnSync(join(tools, 'python', 'bin', 'python'), ['-m', 'pytest', 'test/arm64', '-q', '-p', 'no:cacheprovider'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NATIVE_PROGRAM: JSON.stringify([runner, join(programsDirectory('arm64'), 'bootstrap')]), LITERT_LIBRARY: library },
  });
  return tested.status === 0 && answered.status === 0 ? 0 : 1;
}

main().then((code) => process.exit(code), (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
