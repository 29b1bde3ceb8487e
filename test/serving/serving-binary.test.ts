import { createHash } from 'crypto';
import { mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelArtifact, ModelSource } from '../../lib';
import { ServingBinary } from '../../lib/serving/serving-binary';
import { DEFAULT_SERVING_IMAGE, ServingImage } from '../../lib/serving/serving-image';
import { directoryWith, savedModelFiles } from '../model/model-files';

const SHA256 = 'ab'.repeat(32);
const DIGEST = `sha256:${SHA256}`;
const ECR_IMAGE = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/serving:1';

let stack: Stack;
let bucket: s3.IBucket;

beforeEach(() => {
  stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  bucket = s3.Bucket.fromBucketName(stack, 'Models', 'models');
});

const published = () => ({ bucket, key: 'TOKEN', sha256: 'TOKEN' });
const fileWith = (content: string) => {
  const path = join(mkdtempSync(join(tmpdir(), 'server-')), 'tensorflow_model_server');
  writeFileSync(path, content, 'latin1');
  return path;
};

describe('ServingBinary.fromImage', () => {
  test.each([DEFAULT_SERVING_IMAGE, `tensorflow/serving@${DIGEST}`, `registry.example.com:5000/a/b:1@${DIGEST}`, '127.0.0.1:5000/serving:1', Lazy.string({ produce: () => 'x' })])(
    'takes %s, and leaves the optimization to find its program', (image) => {
      const binary = ServingBinary.fromImage(ServingImage.fromRegistry(image));

      expect(binary._problems()).toEqual([]);
      expect(binary._image(stack)).toEqual({ serverImage: image, serverRepository: undefined });
      expect(binary._requirements).toEqual({ requiresServer: true, takesServerFromImage: true });
      expect(binary._bind(stack, published())).toEqual(published());
    });

  test.each([
    ['tensorflow/serving', /^the image of servingBinary must name one release, got "tensorflow\/serving".*give a tag that stays, or a digest$/],
    ['tensorflow/serving:latest', /must name one release/],
    ['registry.example.com:5000/serving', /must name one release/],
    ['tensorflow/serving:2.20.0-arm64', /must be for x86_64/],
    ['TensorFlow/Serving:1', /must be the name of an image/],
    [`serving@sha256:${'a'.repeat(63)}`, /must be the name of an image/],
    [ECR_IMAGE, /the build needs a permission to pull it: name the repository too, with ServingImage\.fromEcrRepository/],
  ])('refuses %s', (image, message) => {
    const [problem, ...more] = ServingBinary.fromImage(ServingImage.fromRegistry(image))._problems();

    expect(problem).toMatch(message);
    expect(more).toEqual([]);
  });

  test('names the ECR repository that the optimization pulls from', () => {
    const repository = ecr.Repository.fromRepositoryName(stack, 'Repository', 'serving');
    const binary = ServingBinary.fromImage(ServingImage.fromEcrRepository(repository, '2.20.0'));

    expect(binary._problems()).toEqual([]);
    expect(binary._image(stack)).toMatchObject({ serverRepository: repository, serverImage: repository.repositoryUriForTagOrDigest('2.20.0') });
    expect(ServingBinary.fromImage(ServingImage.fromEcrRepository(repository, DIGEST))._problems()).toEqual([]);
    expect(ServingBinary.fromImage(ServingImage.fromEcrRepository(repository, 'latest'))._problems()).toEqual([expect.stringMatching(/must name one release/)]);
    expect(ServingBinary.fromImage(ServingImage.fromEcrRepository(repository, '1-aarch64'))._problems()).toEqual([expect.stringMatching(/x86_64/)]);
  });

  test('pulls the image of the user\'s own Dockerfile from the repository that the CDK pushes it to', () => {
    const binary = ServingBinary.fromImage(ServingImage.fromAsset(directoryWith({ Dockerfile: Buffer.from('FROM tensorflow/serving:2.20.0\n') })));

    const { serverImage, serverRepository } = binary._image(stack);

    expect(binary._problems()).toEqual([]);
    expect(stack.resolve(serverRepository!.repositoryName)).toContain('container-assets');
    expect(JSON.stringify(stack.resolve(serverImage))).toMatch(/container-assets-111122223333-eu-west-1:[0-9a-f]{64}"/);
  });
});

describe('the server of a fleet', () => {
  const model = ModelSource.fromAsset(directoryWith(savedModelFiles()));

  test('comes from the pinned image by default', () => {
    const binary = ServingBinary._of(undefined, model);

    expect(binary._image(stack)).toMatchObject({ serverImage: DEFAULT_SERVING_IMAGE });
    expect(binary._requirements).toEqual({ requiresServer: true, takesServerFromImage: true });
  });

  test('is by default the server published with the model, if the model is already published', () => {
    const artifact = ModelArtifact.fromBucket(stack, 'Artifact', { bucket, manifestKey: 'digits-1/saved_model/3/manifest.json' });
    const binary = ServingBinary._of(undefined, ModelSource.fromArtifact(artifact));

    expect(binary._problems()).toEqual([]);
    expect(binary._image(stack)).toEqual({});
    expect(binary._requirements).toEqual({ requiresServer: true, takesServerFromImage: false });
    expect(binary._bind(stack, published())).toEqual(published());
  });

  test('is the given one', () => {
    const given = ServingBinary.fromBucket(bucket, 'server', SHA256);

    expect(ServingBinary._of(given, model)).toBe(given);
    expect(given._image(stack)).toEqual({});
    expect(given._requirements).toEqual({ requiresServer: false, takesServerFromImage: false });
  });
});

describe('a program that the user brings', () => {
  test('is read from the place that the user names, whatever is published', () => {
    const binary = ServingBinary.fromBucket(bucket, 'bin/server', SHA256);

    expect(binary._problems()).toEqual([]);
    expect(binary._bind(stack, published())).toEqual({ bucket, key: 'bin/server', sha256: SHA256 });
    expect(ServingBinary.fromBucket(bucket, '/server', SHA256.toUpperCase())._problems()).toHaveLength(2);
  });

  test.each(['\x7fELF', '#!/bin/sh\n'])('is uploaded from a file that begins with %j, under its digest', (content) => {
    const binary = ServingBinary.fromAsset(fileWith(content));

    expect(binary._problems()).toEqual([]);
    expect(binary._bind(stack, published()).sha256).toBe(createHash('sha256').update(content, 'latin1').digest('hex'));
  });

  test('is not a package, not empty and not absent', () => {
    expect(ServingBinary.fromAsset(fileWith('!<arch>\n'))._problems()).toEqual([expect.stringMatching(/must be a program for Linux.*unpack it/)]);
    expect(ServingBinary.fromAsset(fileWith(''))._problems()).toHaveLength(1);
    expect(ServingBinary.fromAsset('/nowhere/server')._problems()).toEqual([expect.stringMatching(/must be a file, and "\/nowhere\/server" is none/)]);
  });
});
