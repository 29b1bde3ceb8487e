import { createHash } from 'crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'fs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3_assets from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { ModelSource } from '../model/model-source';
import { checkPattern } from '../private/validation';
import { DEFAULT_SERVING_IMAGE, ServingImage } from './serving-image';
import type { ServerImageProps, ServerRequirements, StoredBinary } from './stored-binary';

/** The executable `tensorflow_model_server`, for x86_64: there is no official one for arm64. */
export abstract class ServingBinary {
  /**
   * Extracts /usr/bin/tensorflow_model_server from a container image.
   *
   * The model's optimization downloads it over the registry's HTTP API, without Docker, and verifies its digest. It is published to the model's bucket
   * only after it has served the optimized model with the expected results. Another image, tag or digest causes a new optimization.
   *
   * Docker Hub limits anonymous downloads per IP address, which builds share. A build that it refuses asks a mirror for the same digest at once;
   * a mirror may lack it. For production, copy the image to ECR and use `ServingImage.fromEcrRepository`.
   * A build in a VPC (`buildVpc`) needs access to the registry, by NAT or, for ECR, by VPC endpoints.
   *
   * @param image an image with a fixed tag or a digest
   */
  public static fromImage(image: ServingImage): ServingBinary {
    return new ImageBinary(image);
  }

  /**
   * Uses a file in an S3 bucket.
   *
   * @param bucket the bucket
   * @param key the object's key
   * @param sha256 the expected SHA-256, in lower-case hexadecimal
   */
  public static fromBucket(bucket: s3.IBucket, key: string, sha256: string): ServingBinary {
    return new BucketBinary({ bucket, key, sha256 });
  }

  /**
   * Uses a local file, uploaded as an asset.
   *
   * @param path path of the file
   */
  public static fromAsset(path: string): ServingBinary {
    return new AssetBinary(path);
  }

  /** Returns the given binary, or the default: published with the model, or from the default image. @internal */
  public static _of(given: ServingBinary | undefined, source: ModelSource): ServingBinary {
    return given ?? (source._artifact ? new PublishedBinary() : new ImageBinary(ServingImage.fromRegistry(DEFAULT_SERVING_IMAGE)));
  }

  /** @internal */
  public abstract _problems(): string[];

  /** Requirements on the published model: a server of its own, or one that the optimization extracts from an image. @internal */
  public readonly _requirements: ServerRequirements = { requiresServer: false, takesServerFromImage: false };

  /** Locates the image to extract the server from. Called once. @internal */
  public _image(_scope: Construct): ServerImageProps {
    return {};
  }

  /**
   * Returns the location. Call only if `_problems()` returned none.
   *
   * @param published location of the binary published with the model
   * @internal
   */
  public abstract _bind(scope: Construct, published: StoredBinary): StoredBinary;
}

/** Published with the model by an optimization outside the app. */
class PublishedBinary extends ServingBinary {
  public override readonly _requirements: ServerRequirements = { requiresServer: true, takesServerFromImage: false };

  public _problems(): string[] {
    return [];
  }

  public _bind(_scope: Construct, published: StoredBinary) {
    return published;
  }
}

class ImageBinary extends PublishedBinary {
  public override readonly _requirements: ServerRequirements = { requiresServer: true, takesServerFromImage: true };

  constructor(private readonly image: ServingImage) {
    super();
  }

  public override _problems() {
    return this.image._binaryProblems();
  }

  public override _image(scope: Construct): ServerImageProps {
    const { image, repository } = this.image._locate(scope);
    return { serverImage: image, serverRepository: repository };
  }
}

class BucketBinary extends ServingBinary {
  constructor(private readonly stored: StoredBinary) {
    super();
  }

  public _problems() {
    return [
      ...checkPattern('the key of servingBinary', this.stored.key, /^[^/].*[^/]$/, 'a key inside the bucket, without a slash at either end'),
      ...checkPattern('the sha256 of servingBinary', this.stored.sha256, /^[0-9a-f]{64}$/, 'a SHA-256 of 64 lower-case hexadecimal digits'),
    ];
  }

  public _bind() {
    return this.stored;
  }
}

class AssetBinary extends ServingBinary {
  constructor(private readonly path: string) {
    super();
  }

  public _problems() {
    if (!existsSync(this.path) || !statSync(this.path).isFile()) {
      return [`servingBinary must be a file, and ${JSON.stringify(this.path)} is none: give the path of tensorflow_model_server`];
    }
    return ['\x7fELF', '#!'].some((start) => startsWith(this.path, start))
      ? []
      : [`servingBinary must be a program for Linux, got ${JSON.stringify(this.path)}: unpack it from its package or archive first`];
  }

  public _bind(scope: Construct) {
    const asset = new s3_assets.Asset(scope, 'ServingBinary', { path: this.path });
    return { bucket: asset.bucket, key: asset.s3ObjectKey, sha256: createHash('sha256').update(readFileSync(this.path)).digest('hex') };
  }
}

function startsWith(path: string, text: string): boolean {
  const start = Buffer.alloc(text.length);
  const file = openSync(path, 'r');
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  return start.toString('latin1') === text;
}
