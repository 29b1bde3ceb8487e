// `npm run cargo -- test`: runs Cargo on the native runtime as `npm run lint` and `npm test` do, even if the machine has no Rust.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { crate, rust } from './rust.mjs';

const args = process.argv.slice(2);
await setUp();
const { env } = await rust({ exact: true, components: ['rustfmt', 'clippy'] });
const { status } = spawnSync('cargo', args, { cwd: crate, stdio: 'inherit', env: { ...env, CARGO_TARGET_DIR: join(tools, 'cargo-target') } });
process.exit(status ?? 1);
