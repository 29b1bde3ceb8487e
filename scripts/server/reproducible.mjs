// `npm run native -- reproducible`: compiles this machine's programs again from a copy of the source in another directory, and compares the bytes.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { tools } from '../setup/environment.mjs';
import { setUp } from '../setup/main.mjs';
import { buildNative } from './build.mjs';
import { compile, PROGRAMS, programsDirectory } from './programs.mjs';
import { crate, machine, PROCESSORS, rust } from './rust.mjs';

const sha256 = (content) => createHash('sha256').update(content).digest('hex');

async function problems() {
  await setUp({ programs: [] });
  await buildNative([machine]);
  const elsewhere = mkdtempSync(join(tmpdir(), 'reproducible-'));
  try {
    const [source, target, output] = ['a-clone-in-another-place', 'compiled', 'programs'].map((name) => join(elsewhere, name));
    cpSync(crate, source, { recursive: true, filter: (path) => !/\/(dist|target)$/.test(path) });
    mkdirSync(output);
    const toolchain = await rust({ exact: true, targets: [PROCESSORS[machine].target] });
    for (const name of Object.keys(PROGRAMS)) {
      await compile(toolchain, { name, processor: machine, source, target, output });
    }
    return Object.keys(PROGRAMS).flatMap((name) => {
      const [first, second] = [programsDirectory(machine), output].map((directory) => readFileSync(join(directory, name)));
      process.stdout.write(`${name}: ${first.length} bytes, SHA-256 ${sha256(first)}\n`);
      return [
        ...first.equals(second) ? [] : [`${name}: compiled elsewhere it has ${second.length} bytes, SHA-256 ${sha256(second)}`],
        ...[homedir(), crate, tools, elsewhere].filter((path) => path.length > 1 && first.includes(path)).map((path) => `${name}: holds the path ${path} of the machine`),
      ];
    });
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

const found = await problems();
process.stdout.write(found.length ? `${found.join('\n')}\n` : 'the same bytes\n');
process.exit(found.length ? 1 : 0);
