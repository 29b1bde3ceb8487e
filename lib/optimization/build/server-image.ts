import { Token } from 'aws-cdk-lib';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { acknowledgeWildcard } from '../../private/acknowledge';
import { acknowledgePrefix, grantArtifactWrite, overwriteDenial } from '../artifact/artifact-access';

/** Prefix of the server programs of all models in a bucket: `shared/server/<sha256>/tensorflow_model_server`. */
export const SERVER_PREFIX = 'shared/server';

const HOST = /[\w.-]*[.:][\w.-]*|localhost/;
const REPOSITORY = /[a-z0-9]+(?:[._/-]+[a-z0-9]+)*/;
const IMAGE = new RegExp(`^(?:(${HOST.source})/)?${REPOSITORY.source}(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`);

/** The image to take the server program from. */
export interface ServerImage {
  readonly image: string;
  /** Needed if the role needs a permission to pull the image. */
  readonly repository?: ecr.IRepository;
}

/** Checks that the optimizer can pull the image. `property` is the name of the user's property. */
export function checkServerImage(property: string, image: string | undefined, repository?: ecr.IRepository): string[] {
  if (image === undefined || Token.isUnresolved(image)) {
    return [];
  }
  const shown = JSON.stringify(image);
  const [, host, tag, digest] = IMAGE.exec(image) ?? [undefined, '', '', ''];
  if (host === '') {
    return [`${property} must be the name of an image, [registry/]repository:tag or …@sha256:<64 digits>, got ${shown}`];
  }
  const problems: string[] = [];
  if (digest === undefined && (tag === undefined || tag === 'latest')) {
    problems.push(`${property} must name one release, got ${shown}: nothing would notice when another image gets the name; give a tag that stays, or a digest`);
  }
  if (/arm64|aarch64/i.test(tag ?? '')) {
    problems.push(`${property} must be for x86_64, got ${shown}: no official image of TensorFlow Serving exists for arm64`);
  }
  if (repository === undefined && /\.dkr[.-]ecr[.-]/.test(host ?? '')) {
    problems.push(`${property} is in a repository of ECR, got ${shown}, and the build needs a permission to pull it: `
      + 'name the repository too, with ServingImage.fromEcrRepository(…) or serverRepository');
  }
  return problems;
}

/** Allows the optimization to pull the image and to publish its program, once for all models of the bucket, without replacing anything. */
export function grantServer(role: iam.IRole, bucket: s3.IBucket, server: ServerImage): iam.Grant {
  const published = grantArtifactWrite(role, bucket, SERVER_PREFIX);
  role.addToPrincipalPolicy(overwriteDenial(bucket, SERVER_PREFIX));
  acknowledgePrefix(role, bucket, `${SERVER_PREFIX}/*`);
  if (server.repository === undefined) {
    return published;
  }
  acknowledgeWildcard(role, '*', 'ECR gives tokens for no particular repository; what may be pulled is granted by repository');
  // The repository's own grant includes actions that only Docker needs.
  const pull = iam.Grant.addToPrincipalOrResource({
    grantee: role,
    actions: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
    resourceArns: [server.repository.repositoryArn],
    resource: server.repository,
  });
  const token = iam.Grant.addToPrincipal({ grantee: role, actions: ['ecr:GetAuthorizationToken'], resourceArns: ['*'] });
  return published.combine(pull).combine(token);
}
