// Builds the native runtime's programs for this machine during set-up. It never fails the set-up: without them, Python serves.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { announced, tools } from '../setup/environment.mjs';
import { programDigest, providePrograms } from './programs.mjs';
import { machine } from './rust.mjs';

const failure = join(tools, 'native.failed');
const log = join(tools, 'native.log');

/**
 * Builds programs for this machine's processor, or explains in one sentence why not.
 *
 * @param options As for `providePrograms`; `retry`: also if the same source failed before.
 */
export async function provideForThisMachine({ names, published = false, uv, retry = false }) {
  if (!names.length) {
    return;
  }
  if (!machine) {
    say(`this machine's processor is ${process.arch}, and it is built for x86_64 and arm64`);
    return;
  }
  const digest = createHash('sha256').update(names.map((name) => programDigest(name, machine, { published })).join()).digest('hex');
  if (!retry && existsSync(failure) && readFileSync(failure, 'utf8') === digest) {
    say(`see ${log}; \`npm run setup\` tries once more`);
    return;
  }
  const report = (text) => process.stderr.write(`  native runtime: ${text}\n`);
  try {
    await announced('native runtime', () => providePrograms(machine, { names, published, uv, report }));
    rmSync(failure, { force: true });
  } catch (error) {
    // Without uv the whole set-up fails, which says nothing about this source.
    await uv;
    writeFileSync(log, error.message);
    writeFileSync(failure, digest);
    const reason = error.message.split('\n').find((line) => /^error|^ERROR/.test(line.trim())) ?? error.message.split('\n')[0];
    say(`${reason.trim().slice(0, 200)}; see ${log}`);
  }
}

function say(reason) {
  process.stderr.write(`  The native runtime is not built here, and the numpy runtime serves instead: ${reason}\n`);
}
