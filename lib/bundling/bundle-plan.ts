import type * as lambda from 'aws-cdk-lib/aws-lambda';

/** Selects the installed files that a layer keeps, by patterns in .gitignore syntax. */
export interface FileSelection {
  readonly keep: string[];

  /** Files to leave out of `keep`. */
  readonly drop?: string[];

  /** Files to move: path as installed to path in the layer. They need not be in `keep`. */
  readonly move?: Record<string, string>;

  /** Regular expression of paths that are not compiled to bytecode. */
  readonly uncompiled?: string;
}

/** Plan to bundle a directory of Python code or requirements. */
export interface BundlePlan {
  /** The function's Python version, e.g. "3.13". */
  readonly pythonVersion: string;

  readonly architecture: lambda.Architecture;

  /** Directory of packages and code in the output: "" or "python". */
  readonly outputSuffix: string;

  /** Path of the output on Lambda, as tracebacks show it. */
  readonly mountPath: '/opt' | '/var/task';

  /** Requires a hash for every requirement, dependencies included. */
  readonly pinned: boolean;

  /** True if the output contains Python modules, to be compiled to bytecode. */
  readonly modules: boolean;

  /** All files if undefined. */
  readonly selection?: FileSelection;
}

/** Files that never belong in a bundle. */
export const NEVER_BUNDLED = ['__pycache__', '*.pyc', '.pytest_cache', '.ruff_cache', '.mypy_cache', '.venv', '.DS_Store'];

/** The processor's name in wheel tags and in the platforms of uv and pip. */
export function machineOf(architecture: lambda.Architecture): string {
  return architecture.name === 'arm64' ? 'aarch64' : 'x86_64';
}
