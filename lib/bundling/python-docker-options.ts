import type { DockerImage } from 'aws-cdk-lib';

/** Options of bundling in a container. */
export interface PythonDockerOptions {
  /**
   * The image to bundle in. It must hold the function's own Python version, pip, bash and rsync.
   *
   * @default - an image is built on top of the AWS SAM build image of the function's runtime
   */
  readonly image?: DockerImage;

  /**
   * Arguments for building the default image, e.g. `PIP_INDEX_URL`.
   *
   * @default - none
   */
  readonly buildArgs?: { [key: string]: string };

  /**
   * Environment variables of the container, e.g. `PIP_INDEX_URL`.
   *
   * @default - none besides those that make pip keep to the pinned wheels
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
