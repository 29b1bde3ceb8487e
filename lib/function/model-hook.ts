import { existsSync, readFileSync, statSync } from 'fs';
import { join, resolve } from 'path';

/** The handler imports the hook by this name. */
export const HOOK_MODULE = 'hook';

/** Maximum payload of a synchronous invocation, in bytes. */
const LARGEST_EVENT = 6_291_456;

/** Locks of other tools, which bundling on a host does not read, and how to write requirements.txt from each. */
const LOCKS: Record<string, string> = {
  'uv.lock': 'uv export --no-dev --no-emit-project --output-file requirements.txt',
  'poetry.lock': 'poetry export --output requirements.txt',
  'Pipfile.lock': 'pipenv requirements --hash > requirements.txt',
};

/**
 * Your own code before and after the model: `preprocess(event)` returns the inputs of a request, `postprocess(outputs)` its answer.
 *
 * The hook handles predict requests; status and metadata are unchanged. It is a layer of its own, so changing it does not rebuild the model.
 */
export class ModelHook {
  /**
   * A directory with hook.py, which defines `preprocess(event)` and optionally `postprocess(outputs)`, and with requirements.txt if it needs
   * packages.
   * Packages are installed as wheels for the function's processor and Python version.
   *
   * @param directory path of the directory
   * @param options what cannot be read from the directory
   */
  public static fromAsset(directory: string, options: ModelHookOptions = {}): ModelHook {
    return new ModelHook(resolve(directory), options);
  }

  private constructor(
    /** @internal */
    public readonly _directory: string,
    private readonly options: ModelHookOptions,
  ) {}

  /** @internal */
  public get _problems(): string[] {
    const path = JSON.stringify(this._directory);
    if (!existsSync(this._directory) || !statSync(this._directory).isDirectory()) {
      return [`hook must be a directory with ${HOOK_MODULE}.py, and there is no directory ${path}`];
    }
    const file = join(this._directory, `${HOOK_MODULE}.py`);
    if (!existsSync(file)) {
      return [`hook has no ${HOOK_MODULE}.py: define preprocess(event) in ${HOOK_MODULE}.py in ${path}`];
    }
    const lock = existsSync(join(this._directory, 'requirements.txt')) ? undefined : Object.keys(LOCKS).find((name) => existsSync(join(this._directory, name)));
    if (lock !== undefined) {
      return [`hook has ${lock} and no requirements.txt, so that no package would be installed: write it in ${path}, e.g. by ${JSON.stringify(LOCKS[lock])}`];
    }
    const event = this.options.checkEventFile;
    if (event !== undefined && !isJsonFile(event)) {
      return [`checkEventFile must be a file with one event as JSON, got ${JSON.stringify(event)}`];
    }
    if (event !== undefined && statSync(event).size > LARGEST_EVENT) {
      return [`checkEventFile must have at most ${LARGEST_EVENT} bytes, got ${statSync(event).size}: Lambda takes no larger request; give a smaller one`];
    }
    // The function may be imported from another module, so only look for its name.
    return /\bpreprocess\b/.test(readFileSync(file, 'utf-8'))
      ? [] : [`hook does not define preprocess(event): define it in ${HOOK_MODULE}.py in ${path}; postprocess(outputs) may be left out`];
  }

  /**
   * Path of the event that a new version must answer.
   *
   * @internal
   */
  public get _checkEventFile(): string | undefined {
    return this.options.checkEventFile;
  }

  /**
   * True if every package is pinned by its hash.
   *
   * @internal
   */
  public get _pinned(): boolean {
    return this.requirements.includes('--hash=');
  }

  private get requirements(): string {
    const file = join(this._directory, 'requirements.txt');
    return existsSync(file) ? readFileSync(file, 'utf-8') : '';
  }
}

function isJsonFile(path: string): boolean {
  try {
    const event: unknown = JSON.parse(readFileSync(path, 'utf-8'));
    return typeof event === 'object' && event !== null && !Array.isArray(event);
  } catch {
    return false;
  }
}

/** Options of a hook. */
export interface ModelHookOptions {
  /**
   * A JSON file with an event that the hook must answer before callers get the new version: the payload of a direct invocation,
   * or the event of an HTTP front end.
   *
   * @default - the new version must start and load model and hook, but the hook gets no request
   */
  readonly checkEventFile?: string;
}
