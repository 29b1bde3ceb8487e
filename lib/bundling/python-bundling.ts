import { failIfAny, lit } from '../private/errors';
import { inNameOrder } from '../private/in-name-order';
import { checkExclusive } from '../private/validation';
import type { PythonDockerOptions } from './python-docker-options';

/**
 * Where Python code and its packages are put together for Lambda.
 *
 * Packages are always installed for the function's platform and Python version, and only as wheels with a known hash.
 */
export class PythonBundling {
  /** On this host when uv or pip is found, else in a container. */
  public static readonly AUTO = new PythonBundling('auto');

  /** On this host, by uv or pip. Fails when neither is found: it never falls back to a container. */
  public static readonly LOCAL = new PythonBundling('local');

  /**
   * In a container, by the image that AWS builds Lambda functions with.
   *
   * @param options what to change about the container
   */
  public static docker(options: PythonDockerOptions = {}): PythonBundling {
    failIfAny(lit`InvalidPythonDockerOptions`, checkExclusive({ image: options.image, buildArgs: options.buildArgs },
      'buildArgs are for building the default image; build yours with DockerImage.fromBuild(directory, { buildArgs })'));
    return new PythonBundling('docker', options);
  }

  private constructor(
    /** @internal */
    public readonly _place: 'auto' | 'local' | 'docker',
    /** @internal */
    public readonly _docker: PythonDockerOptions = {},
  ) {}

  /**
   * Whether another one bundles in the same way.
   *
   * @internal
   */
  public _equals(other: PythonBundling): boolean {
    const [mine, theirs] = [this, other].map(({ _place, _docker }) => JSON.stringify(inNameOrder([_place, { ..._docker }])));
    return mine === theirs;
  }
}
