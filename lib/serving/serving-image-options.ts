/** Options of an image that is built from a Dockerfile. */
export interface ServingImageAssetOptions {
  /**
   * The Dockerfile in the directory.
   *
   * @default 'Dockerfile'
   */
  readonly file?: string;

  /**
   * Build arguments.
   *
   * @default - none
   */
  readonly buildArgs?: { [name: string]: string };

  /**
   * The stage of the Dockerfile to build.
   *
   * @default - the last one
   */
  readonly target?: string;
}
