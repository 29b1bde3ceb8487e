import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { delimiter, join } from 'path';

const VARIABLES = ['PATH', 'HOME', 'PYENV_ROOT', 'CDK_DOCKER'];

/** A host of its own: only the tools that a test puts there are found. They record how they were called. */
export class FakeHost {
  public readonly directory = mkdtempSync(join(tmpdir(), 'fake-host-'));
  private readonly saved = VARIABLES.map((name) => [name, process.env[name]] as const);
  private readonly log = join(this.directory, 'calls');

  constructor() {
    mkdirSync(this.bin);
    process.env.PATH = this.bin;
    process.env.HOME = this.directory;
    process.env.PYENV_ROOT = join(this.directory, 'pyenv');
    delete process.env.CDK_DOCKER;
  }

  /** Puts a tool on the PATH: a shell script that is given its arguments. The shell finds the system's own tools. */
  public add(name: string, script: string, directory = this.bin): void {
    mkdirSync(directory, { recursive: true });
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\nprintf '%s\\n' "${name} $*" >> '${this.log}'\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** A uv that installs the given files, and finds no Python. */
  public addUv(files: Record<string, string>): void {
    this.add('uv', [
      'case "$1 $2" in "python find") exit 2;; esac',
      'while [ $# -gt 0 ]; do if [ "$1" = --target ]; then target=$2; fi; shift; done',
      '[ -z "$target" ] || {',
      ...writeFiles(files, '$target'),
      '}',
    ].join('\n'));
  }

  /** A Docker whose containers install the given files, and leave a mark where they are asked to compile. */
  public addDocker(files: Record<string, string>): void {
    this.add('docker', [
      'case "$1" in image) exit 1;; run) ;; *) exit 0;; esac',
      'for argument in "$@"; do case "$argument" in *:/asset-output:*) output=${argument%%:*};; esac; done',
      'case "$*" in *compileall*) touch "$output/compiled"; exit 0;; *asset-output/python*) output=$output/python;; esac',
      ...writeFiles(files, '$output'),
    ].join('\n'));
    // The CDK starts Docker with the environment of the test runner, not with the test's.
    process.env.CDK_DOCKER = join(this.bin, 'docker');
  }

  /** A Python of a version, with or without pip. Compiling leaves a mark. */
  public addPython(name: string, version: string, options: { readonly pip?: boolean; readonly directory?: string } = {}): string {
    const directory = options.directory ?? this.bin;
    const path = join(directory, name);
    this.add(name, [
      `case "$*" in *"print(sys.implementation"*) echo "cpython cpython-${version.replace('.', '')} ${path}";;`,
      '*compileall*) for last in "$@"; do :; done; touch "$last/compiled";;',
      `*'find_spec("pip")'*) exit ${options.pip ? 0 : 1};;`,
      'esac',
    ].join('\n'), directory);
    return path;
  }

  /** Every call, a line each. */
  public get calls(): string[] {
    return existsSync(this.log) ? readFileSync(this.log, 'utf-8').trim().split('\n') : [];
  }

  public get path(): string[] {
    return process.env.PATH!.split(delimiter);
  }

  public remove(): void {
    for (const [name, value] of this.saved) {
      if (value === undefined) {
        delete process.env[name];
      } else {
        process.env[name] = value;
      }
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  private get bin(): string {
    return join(this.directory, 'bin');
  }
}

/** A shared object for x86_64 that needs no library, as `printf` writes it: nothing but the head of an ELF file. */
export const SHARED_OBJECT = Array.from(elfHead(), (byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('');

function elfHead(): Buffer {
  const head = Buffer.alloc(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(62, 18);
  return head;
}

function writeFiles(files: Record<string, string>, directory: string): string[] {
  return Object.entries(files).flatMap(([path, content]) => [
    `mkdir -p "$(dirname "${directory}/${path}")"`,
    `printf '%b' '${content}' > "${directory}/${path}"`,
  ]);
}

/** The files of an installed package that bundling reads. */
export function wheel(name: string, version: string, platform: string, files: Record<string, string>): Record<string, string> {
  const info = `${name}-${version}.dist-info`;
  return {
    ...files,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nTag: cp313-cp313-${platform}\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.4\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/RECORD`]: `${name}/__init__.py,,\n`,
    [`${info}/INSTALLER`]: 'someone',
    [`${info}/licenses/LICENSE`]: 'do as you like',
  };
}
