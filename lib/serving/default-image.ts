/**
 * The release of TensorFlow Serving that pods and instances run by default, as Docker Hub names it.
 *
 * `npm run lock -- serving-image` asks Docker Hub for the digest of its index, and writes it below.
 */
export const SERVING_RELEASE = 'tensorflow/serving:2.20.0';

/**
 * Digest of the release's index, by which a mirror can be asked when Docker Hub refuses more downloads.
 *
 * Undefined until somebody who reaches Docker Hub records it: the machines that made this repository reach no registry of images.
 * Until then the tag names the image. Builds ask for its digest by a request that Docker Hub does not count as a download.
 */
export const SERVING_DIGEST: string | undefined = undefined;

/** Returns the name of an image of which a registry or a mirror cannot give another one. */
export function pinnedImage(release: string, digest: string | undefined): string {
  return digest === undefined ? release : `${release}@${digest}`;
}
