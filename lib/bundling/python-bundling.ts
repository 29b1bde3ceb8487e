import { failIfAny, lit } from '../private/errors';
import { inNameOrder } from '../private/in-name-order';
import { checkExclusive } from '../private/validation';
import type { PythonDockerOptions } from './python-docker-options';

/**
 * Place where Python code and its packages are bundled for Lambda.
 *
 * Packages are always installed for the function's platform and Python version, and only as wheels with a known hash.
 */
export class PythonBundling {
  /** On this host if uv or pip is found, otherwise in a container. */
  public static readonly AUTO = new PythonBundling('auto');

  /** On this host, with uv or pip. Fails if neither is found, and never uses a container. */
  public static readonly LOCAL = new PythonBundling('local');

  /**
   * In a container, with the image that AWS builds Lambda functions with.
   *
   * @param options settings of the container
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
   * Tells whether both result in the same files. AUTO and LOCAL do on every host where LOCAL works.
   *
   * @internal
   */
  public _agrees(other: PythonBundling): boolean {
    const [mine, theirs] = [this, other].map(({ _place, _docker }) => JSON.stringify(inNameOrder([_place, { ..._docker }])));
    return mine === theirs || ![this._place, other._place].includes('docker');
  }

  /**
   * Expression that the user writes. Options are left out: the environment may hold a password.
   *
   * @internal
   */
  public get _name(): string {
    return `PythonBundling.${this._place === 'docker' ? 'docker()' : this._place.toUpperCase()}`;
  }
}
