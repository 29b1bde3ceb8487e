/** Options of an image built from a Dockerfile. */
export interface ServingImageAssetOptions {
  /**
   * Path of the Dockerfile, relative to the directory.
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
   * The Dockerfile stage to build.
   *
   * @default - the last one
   */
  readonly target?: string;
}
