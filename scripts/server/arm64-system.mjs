// An arm64 system on an x86_64 machine: qemu and the libraries of Debian and LiteRT, installed inside the clone only.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { once, root, run, tools, uv } from '../setup/environment.mjs';

const directory = join(tools, 'arm64');
const system = join(directory, 'root');
const cpuInfo = join(directory, 'cpuinfo');
/** Runs the arm64 program in its arguments. */
export const runner = join(directory, 'run');
const wheel = join(directory, 'litert');

export const library = join(wheel, 'ai_edge_litert', 'libLiteRt.so');

const requirements = join(root, 'runtime', 'layer', 'native', 'requirements.txt');

/** System libraries of the program and LiteRT. */
const PACKAGES = ['libc6:arm64', 'libstdc++6:arm64', 'libgcc-s1:arm64'];

/** LiteRT reads this file and crashes on the content of an x86_64 kernel. This one is from a Graviton2. */
const CPU = `processor\t: 0
BogoMIPS\t: 243.75
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1

`;

/** Returns why arm64 programs cannot run here, or undefined if they can. */
export function whyNotArm64() {
  if (process.arch !== 'x64') {
    return `this machine is ${process.arch}, and not x86_64: on arm64, \`npm test -- native\` runs the same program`;
  }
  const answers = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
  return [
    answers('apt-get', '--version') && answers('dpkg-deb', '--version') ? undefined : 'no apt-get, which fetches qemu and the system of arm64',
    answers('unshare', '-rm', 'true') ? undefined : 'no mount namespace can be made: it needs root, or user namespaces',
  ].find((reason) => reason !== undefined);
}

/** Unpacks qemu and Debian's arm64 libraries. */
async function unpackSystem() {
  rmSync(directory, { recursive: true, force: true });
  const apt = join(directory, 'apt');
  ['lists/partial', 'cache/archives/partial'].forEach((name) => mkdirSync(join(apt, name), { recursive: true }));
  writeFileSync(join(apt, 'status'), '');
  const processor = (await run('dpkg', ['--print-architecture'])).trim();
  const options = [
    ['Dir::State::lists', join(apt, 'lists')], ['Dir::State::status', join(apt, 'status')], ['Dir::Cache', join(apt, 'cache')],
    ['APT::Architectures::', processor], ['APT::Architectures::', 'arm64'], ['APT::Sandbox::User', ''], ['Acquire::Languages', 'none'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run('apt-get', [...options, '-qq', 'update']);
  await run('apt-get', [...options, 'download', 'qemu-user-static', ...PACKAGES], { cwd: apt });
  const archives = (await run('sh', ['-c', 'ls *.deb'], { cwd: apt })).trim().split('\n');
  for (const archive of archives) {
    await run('dpkg-deb', ['-x', join(apt, archive), archive.startsWith('qemu') ? join(directory, 'qemu') : system]);
  }
  rmSync(apt, { recursive: true });
  writeFileSync(cpuInfo, CPU);
  const quoted = (path) => `'${path.replaceAll("'", "'\\''")}'`;
  // The processor described in CPU. With the default, `max`, an int8 convolution was wrong (qemu 7.2).
  const qemu = [join(directory, 'qemu', 'usr', 'bin', 'qemu-aarch64-static'), '-cpu', 'neoverse-n1', '-L', system].map(quoted).join(' ');
  // Functions have no such directory, and LiteRT looks into it.
  const inside = `mount --bind ${quoted(cpuInfo)} /proc/cpuinfo && mount -t tmpfs none /sys/devices/system/cpu && exec ${qemu} "$@"`;
  writeFileSync(runner, `#!/bin/sh\nexec unshare -rm sh -c ${quoted(inside)} sh "$@"\n`);
  chmodSync(runner, 0o755);
}

async function installLibrary() {
  await run(uv, [
    'pip', 'install', '--quiet', '--target', wheel, '--python-platform', 'aarch64-manylinux_2_28', '--python-version', '3.13',
    '--only-binary', ':all:', '--no-deps', '--require-hashes', '--requirements', requirements,
  ]);
}

export async function provideArm64() {
  return once('arm64', [fileURLToPath(import.meta.url), requirements], runner, async () => {
    await unpackSystem();
    await installLibrary();
  });
}
