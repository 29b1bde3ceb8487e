import { Token } from 'aws-cdk-lib';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecr_assets from 'aws-cdk-lib/aws-ecr-assets';
import type { Construct } from 'constructs';
import type { ServerImage } from '../optimization/build/server-image';
import { checkServerImage } from '../optimization/build/server-image';
import { pinnedImage, SERVING_DIGEST, SERVING_RELEASE } from './default-image';

/** The default image: the release's index by its digest, or by its tag while no digest is recorded. */
export const DEFAULT_SERVING_IMAGE = pinnedImage(SERVING_RELEASE, SERVING_DIGEST);

/**
 * A container image with TensorFlow Serving, for x86_64: there is no official image for arm64.
 *
 * It must contain /usr/bin/tensorflow_model_server, a shell and sha256sum, as the official image does.
 */
export abstract class ServingImage {
  /**
   * Uses an image from a registry.
   *
   * @param image with a tag other than `latest`, such as tensorflow/serving:2.20.0, or preferably a digest (…@sha256:…)
   */
  public static fromRegistry(image: string): ServingImage {
    return new RegistryImage(image);
  }

  /**
   * Uses an image from an ECR repository. With `ModelService`, the nodes' role needs permission to pull it; with `ModelFleet`, the build gets it.
   *
   * @param repository the repository
   * @param tagOrDigest a tag other than `latest`, or a digest (sha256:…)
   */
  public static fromEcrRepository(repository: ecr.IRepository, tagOrDigest: string): ServingImage {
    return new EcrImage(repository, tagOrDigest);
  }

  /**
   * Builds an image from a Dockerfile during deployment. Needs Docker.
   *
   * @param directory build context with the Dockerfile
   * @param options build options
   */
  public static fromAsset(directory: string, options: ServingImageAssetOptions = {}): ServingImage {
    return new AssetImage(directory, options);
  }

  /** @internal */
  public abstract _problems(): string[];

  /** Returns the problems for use in `ServingBinary.fromImage`, where a build pulls the image, not a node. @internal */
  public abstract _binaryProblems(): string[];

  /** Returns the image's URI. Call only if `_problems()` returned none. @internal */
  public _bind(scope: Construct): string {
    return this._locate(scope).image;
  }

  /** Returns the image's URI, and its repository if pulling needs permission. @internal */
  public abstract _locate(scope: Construct): ServerImage;
}

class RegistryImage extends ServingImage {
  constructor(private readonly image: string) {
    super();
  }

  public _problems() {
    if (Token.isUnresolved(this.image)) {
      return [];
    }
    const [, , tag, digest] = /^([^\s@]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(this.image) ?? ['', '', '', ''];
    if (tag === '' && digest === '') {
      return [`servingImage must be an image with a tag or a digest, such as ${JSON.stringify(SERVING_RELEASE)}, got ${JSON.stringify(this.image)}`];
    }
    return digest === undefined ? tagProblems(tag, this.image) : [];
  }

  public _binaryProblems() {
    return checkServerImage('the image of servingBinary', this.image);
  }

  public _locate() {
    return { image: this.image };
  }
}

class EcrImage extends ServingImage {
  constructor(private readonly repository: ecr.IRepository, private readonly tagOrDigest: string) {
    super();
  }

  public _problems() {
    return Token.isUnresolved(this.tagOrDigest) || this.tagOrDigest.startsWith('sha256:') ? [] : tagProblems(this.tagOrDigest, this.tagOrDigest);
  }

  public _binaryProblems() {
    // The repository's name is often a token, so check only the tag or digest.
    const separator = this.tagOrDigest.startsWith('sha256:') ? '@' : ':';
    return Token.isUnresolved(this.tagOrDigest) ? [] : checkServerImage('the image of servingBinary', `repository${separator}${this.tagOrDigest}`);
  }

  public _locate() {
    return { image: this.repository.repositoryUriForTagOrDigest(this.tagOrDigest), repository: this.repository };
  }
}

class AssetImage extends ServingImage {
  constructor(private readonly directory: string, private readonly options: ServingImageAssetOptions) {
    super();
  }

  public _problems() {
    return [];
  }

  public _binaryProblems() {
    return [];
  }

  public _locate(scope: Construct) {
    // The default is the deploying machine's platform, which may be arm64.
    const asset = new ecr_assets.DockerImageAsset(scope, 'ServingImage', { directory: this.directory, ...this.options, platform: ecr_assets.Platform.LINUX_AMD64 });
    return { image: asset.imageUri, repository: asset.repository };
  }
}

function tagProblems(tag: string | undefined, shown: string): string[] {
  if (tag === undefined || tag === '' || tag === 'latest') {
    return [
      `servingImage must name one release, got ${JSON.stringify(shown)}: pods that start later would run another server than those that serve; `
      + `give a tag, such as ${JSON.stringify(SERVING_RELEASE)}, or a digest`,
    ];
  }
  return /arm64|aarch64/i.test(tag)
    ? [`servingImage must be for x86_64, got ${JSON.stringify(shown)}: pods are scheduled on amd64 nodes, because no official image exists for arm64`]
    : [];
}

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
