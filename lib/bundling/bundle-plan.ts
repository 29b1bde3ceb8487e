import type * as lambda from 'aws-cdk-lib/aws-lambda';

/** Which of the installed files a layer keeps, as patterns in the syntax of .gitignore. */
export interface FileSelection {
  /** Files to keep. */
  readonly keep: string[];

  /** Files to leave out of those. */
  readonly drop?: string[];

  /** Files that lie elsewhere in the layer: path as installed to path in the layer. They need not be in `keep`. */
  readonly move?: Record<string, string>;

  /** Regular expression of paths that get no bytecode. */
  readonly uncompiled?: string;
}

/** What is to be made of a directory of Python code or requirements. */
export interface BundlePlan {
  /** The function's Python version, e.g. "3.13". */
  readonly pythonVersion: string;

  readonly architecture: lambda.Architecture;

  /** Where packages and code go in the output: "" or "python". */
  readonly outputSuffix: string;

  /** Where the output will lie on Lambda. Tracebacks name it. */
  readonly mountPath: '/opt' | '/var/task';

  /** Whether every requirement must be pinned with a hash, dependencies included. */
  readonly pinned: boolean;

  /** Whether the output holds Python modules, and so wants bytecode. */
  readonly modules: boolean;

  /** What is kept. Absent: everything. */
  readonly selection?: FileSelection;
}

/** Files that no bundle wants, whatever lies in the source directory. */
export const NEVER_BUNDLED = ['__pycache__', '*.pyc', '.pytest_cache', '.ruff_cache', '.mypy_cache', '.venv', '.DS_Store'];

/** The processor's name in wheel tags and in uv's and pip's platforms. */
export function machineOf(architecture: lambda.Architecture): string {
  return architecture.name === 'arm64' ? 'aarch64' : 'x86_64';
}
