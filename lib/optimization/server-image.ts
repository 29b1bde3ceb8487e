import { Token } from 'aws-cdk-lib';
import { ModelFormat } from '../model/model-format';

/** Where the servers taken out of container images are published: once for each, whatever the model. */
export const SERVER_PREFIX = 'shared/server';

/** What a reader of published servers reads. */
export const PUBLISHED_SERVERS = `${SERVER_PREFIX}/*`;

/** A name such as tensorflow/serving:2.20.0: registry or repository, then a tag or a digest or both. */
const IMAGE = /^[a-z0-9][\w.-]*(:\d+)?(\/[\w.-]+)*(:(?<tag>[\w][\w.-]{0,127}))?(@(?<digest>sha256:[0-9a-f]{64}))?$/;

/** Problems of an image that a server is taken out of. */
export function checkImageName(property: string, image: string | undefined): string[] {
  if (image === undefined || Token.isUnresolved(image)) {
    return [];
  }
  const { tag, digest } = IMAGE.exec(image)?.groups ?? {};
  return digest !== undefined || (tag !== undefined && tag !== 'latest') ? [] : [
    `${property} must name one release of an image by a tag or a digest, such as "tensorflow/serving:2.20.0", got ${JSON.stringify(image)}`,
  ];
}

/** Problems of an optimizer's server image. */
export function checkServerImage(props: { serverImage?: string; modelFormat?: ModelFormat }): string[] {
  return [
    ...checkImageName('serverImage', props.serverImage),
    ...(props.serverImage !== undefined && props.modelFormat !== ModelFormat.SAVED_MODEL
      ? [`serverImage has no effect on ${props.modelFormat ?? ModelFormat.LITERT}, which TensorFlow Serving does not serve: leave it out, or set modelFormat to SAVED_MODEL`]
      : []),
  ];
}
