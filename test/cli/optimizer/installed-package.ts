import { execFile, execFileSync } from 'child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';

export const ROOT = resolve(__dirname, '..', '..', '..');
/** The interpreter of this repository's own environment. */
export const PYTHON = join(ROOT, '.tools', 'python', 'bin', 'python');

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Makes a directory that other users can read, because the processes that open models are such. */
export function openDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), name));
  chmodSync(directory, 0o755);
  return directory;
}

/** Bundles the command into a directory, as `npm run build` does. */
export function bundleInto(directory: string): void {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'package', 'command.mjs'), directory], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Packs this repository, and installs the package into `directory` without its peers. Returns the program. */
export function installPackage(directory: string): string {
  const npm = (cwd: string, ...args: string[]) => execFileSync('npm', [...args, '--ignore-scripts', '--silent'], { cwd, encoding: 'utf8' });
  npm(ROOT, 'pack', '--pack-destination', directory);
  const [file] = readdirSync(directory).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(directory, 'package.json'), '{"private":true}');
  npm(directory, 'install', '--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', `./${file}`);
  // The bundle in the clone may be old, or missing: then npm has linked no command.
  const bundle = join(directory, 'node_modules', 'cdk-tensorflow', 'cli', 'dist');
  bundleInto(bundle);
  return join(bundle, 'cdk-tensorflow.js');
}

/**
 * Lays out a package whose optimizer is a program of the test, and whose only requirement is uv. Returns the command.
 *
 * @param main the Python program that stands in the optimizer's place
 */
export function packageWith(directory: string, main: string): string {
  const optimizer = join(directory, 'optimizer');
  mkdirSync(join(optimizer, 'src', 'tensorflow_optimizer'), { recursive: true });
  writeFileSync(join(optimizer, 'src', 'tensorflow_optimizer', '__main__.py'), main);
  ['requirements.txt', 'uv-requirements.txt'].forEach((name) => cpSync(join(ROOT, 'optimizer', 'uv-requirements.txt'), join(optimizer, name)));
  bundleInto(join(directory, 'cli', 'dist'));
  return join(directory, 'cli', 'dist', 'cdk-tensorflow.js');
}

/** Variables with which pip and uv install the wheel that the set-up of this repository has kept, without a network. */
export const WITHOUT_NETWORK = {
  PIP_NO_INDEX: '1', PIP_FIND_LINKS: join(ROOT, '.tools', 'uv', 'wheels'), UV_NO_INDEX: '1', UV_OFFLINE: '1', UV_FIND_LINKS: join(ROOT, '.tools', 'uv', 'wheels'),
};

/** Runs the command, and waits for its end. */
export function run(program: string, args: string[], environment: NodeJS.ProcessEnv = {}, cwd = tmpdir()): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, [program, ...args], { cwd, env: { ...process.env, ...environment }, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
