// `npm run native -- cargo test`: runs Cargo on the native runtime as `npm run lint` and `npm test` do, even if the machine has no Rust.
import { spawnSync } from 'node:child_process';
import { setUp } from '../setup/main.mjs';
import { withDependencies } from './dependencies.mjs';
import { cargoTarget, crate, rust } from './rust.mjs';

const args = process.argv.slice(2);
await setUp({ programs: [] });
const { env } = await rust({ exact: true, components: ['rustfmt', 'clippy'] });
const { status } = await withDependencies(() => spawnSync('cargo', args, { cwd: crate, stdio: 'inherit', env: { ...env, CARGO_TARGET_DIR: cargoTarget } }));
process.exit(status ?? 1);
