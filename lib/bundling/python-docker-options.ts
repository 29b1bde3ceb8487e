import type { DockerImage } from 'aws-cdk-lib';

/** Options for bundling in a container. */
export interface PythonDockerOptions {
  /**
   * The image. It must contain the function's Python version, pip, bash and rsync.
   *
   * @default - an image is built on top of the AWS SAM build image of the function's runtime
   */
  readonly image?: DockerImage;

  /**
   * Build arguments of the default image, e.g. `PIP_INDEX_URL`.
   *
   * @default - none
   */
  readonly buildArgs?: { [key: string]: string };

  /**
   * Environment variables of the container, e.g. `PIP_INDEX_URL`.
   *
   * @default - only those that make pip keep to the pinned wheels
   */
  readonly environment?: { [key: string]: string };

  /**
   * The network that the container is connected to.
   *
   * @see https://docs.docker.com/engine/reference/run/#network-settings
   * @default - Docker's default network
   */
  readonly network?: string;
}
