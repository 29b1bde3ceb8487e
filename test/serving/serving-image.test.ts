import { mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Lazy, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { pinnedImage, SERVING_DIGEST, SERVING_RELEASE } from '../../lib/serving/default-image';
import { DEFAULT_SERVING_IMAGE, ServingImage } from '../../lib/serving/serving-image';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('the default image', () => {
  test('is named by the recorded digest, and by its tag while none is recorded', () => {
    expect(pinnedImage(SERVING_RELEASE, DIGEST)).toBe(`tensorflow/serving:2.20.0@${DIGEST}`);
    expect(pinnedImage(SERVING_RELEASE, undefined)).toBe('tensorflow/serving:2.20.0');
    expect(DEFAULT_SERVING_IMAGE).toBe(pinnedImage(SERVING_RELEASE, SERVING_DIGEST));
  });

  test('has no digest but one that a registry gives', () => {
    expect(SERVING_DIGEST ?? DIGEST).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});

describe('ServingImage', () => {
  test.each([
    DEFAULT_SERVING_IMAGE, `tensorflow/serving@${DIGEST}`, `tensorflow/serving:2.20.0@${DIGEST}`, 'registry.example.com:5000/serving:1', Lazy.string({ produce: () => 'x' }),
  ])('accepts %s in a registry', (image) => {
    expect(ServingImage.fromRegistry(image)._problems()).toEqual([]);
    expect(ServingImage.fromRegistry(image)._bind(new Stack())).toBe(image);
  });

  test.each([
    ['tensorflow/serving', /must name one release/],
    ['tensorflow/serving:latest', /must name one release/],
    ['registry.example.com:5000/serving', /must name one release/],
    ['tensorflow/serving:2.20.0-arm64', /must be for x86_64/],
    [`tensorflow/serving@sha256:${'a'.repeat(63)}`, /must be an image with a tag or a digest/],
    ['tensorflow serving:1', /must be an image with a tag or a digest/],
  ])('refuses %s', (image, message) => {
    expect(ServingImage.fromRegistry(image)._problems()[0]).toMatch(message);
  });

  test('names an image of ECR by tag or digest', () => {
    const stack = new Stack(new App(), 'Stack', { env: { account: '123456789012', region: 'eu-central-1' } });
    const repository = ecr.Repository.fromRepositoryName(stack, 'Repository', 'serving');

    expect(stack.resolve(ServingImage.fromEcrRepository(repository, '2.20.0')._bind(stack))['Fn::Join'][1].slice(-1)[0]).toMatch(/serving:2\.20\.0$/);
    expect(stack.resolve(ServingImage.fromEcrRepository(repository, DIGEST)._bind(stack))['Fn::Join'][1].slice(-1)[0]).toMatch(new RegExp(`serving@${DIGEST}$`));
    expect(ServingImage.fromEcrRepository(repository, DIGEST)._problems()).toEqual([]);
    expect(ServingImage.fromEcrRepository(repository, 'latest')._problems()).toHaveLength(1);
  });

  test('builds the user\'s own Dockerfile for x86_64, whatever machine deploys', () => {
    const directory = mkdtempSync(join(tmpdir(), 'image-'));
    writeFileSync(join(directory, 'Serving.dockerfile'), 'FROM tensorflow/serving:2.20.0\n');
    const app = new App();
    const stack = new Stack(app, 'Stack');

    ServingImage.fromAsset(directory, { file: 'Serving.dockerfile', buildArgs: { A: '1' }, target: 'final' })._bind(stack);

    const [image] = Object.values((app.synth().tryGetArtifact('Stack.assets') as any).contents.dockerImages) as any[];
    expect(image.source).toMatchObject({ platform: 'linux/amd64', dockerFile: 'Serving.dockerfile', dockerBuildArgs: { A: '1' }, dockerBuildTarget: 'final' });
  });
});
