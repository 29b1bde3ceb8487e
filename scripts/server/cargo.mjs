// `npm run native -- cargo test`: runs Cargo on the native runtime as `npm run lint` and `npm test` do, even if the machine has no Rust.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { withDependencies } from './dependencies.mjs';
import { cargoTarget, crate, rust } from './rust.mjs';

const args = process.argv.slice(2);
await setUp({ programs: [] });
const { env } = await rust({ exact: true, components: ['rustfmt', 'clippy'] });
// LiteRT's library from the set-up, for the tests that compile a model.
const lib = join(tools, 'python', 'lib');
const library = join(lib, readdirSync(lib).find((name) => name.startsWith('python3')), 'site-packages', 'ai_edge_litert', 'libLiteRt.so');
const { status } = await withDependencies(() => spawnSync('cargo', args, { cwd: crate, stdio: 'inherit', env: { LITERT_LIBRARY: library, ...env, CARGO_TARGET_DIR: cargoTarget } }));
process.exit(status ?? 1);
