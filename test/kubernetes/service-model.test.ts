import type { Stack } from 'aws-cdk-lib';
import { CfnParameter, Duration, Size } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelArtifact, ModelOptimizer, ModelSource } from '../../lib';
import { ModelStorage } from '../../lib/kubernetes/model-service-props';
import { DEFAULT_SERVING_IMAGE, ServingImage } from '../../lib/serving/serving-image';
import {
  deployed, DEPLOYED, DIGITS, emptyStack, FIT, GATE, MANIFEST, modelService, objectOf, objectsOf, offerOf, podOf, resourceOf, serverOf, stackWith,
} from './fixtures';

const MOUNTED = { modelStorage: ModelStorage.MOUNTPOINT };

describe('model', () => {
  test('a volume shows only the model\'s prefix, read-only, with its own handle and the pods\' own role', () => {
    const stack = stackWith(MOUNTED);
    const volume = objectOf(stack, 'PersistentVolume');
    const claim = objectOf(stack, 'PersistentVolumeClaim');

    expect(volume.spec).toMatchObject({
      accessModes: ['ReadOnlyMany'],
      storageClassName: '',
      claimRef: { namespace: 'default', name: claim.metadata.name },
      mountOptions: ['region eu-central-1', 'prefix digits-0123abcd/saved_model/'],
      csi: { driver: 's3.csi.aws.com', volumeHandle: volume.metadata.name, volumeAttributes: { bucketName: 'models', authenticationSource: 'pod' } },
    });
    expect(claim.spec).toMatchObject({ accessModes: ['ReadOnlyMany'], storageClassName: '', volumeName: volume.metadata.name });
    expect(podOf(stack).volumes[0]).toEqual({ name: 'model', persistentVolumeClaim: { claimName: claim.metadata.name, readOnly: true } });
    expect(serverOf(stack).volumeMounts[0]).toEqual({ name: 'model', mountPath: '/models/digits', readOnly: true });
  });

  test('the volume, which can never be changed, names no version: a new version is served from the same volume', () => {
    const stack = stackWith(MOUNTED);

    const names = (version: string) => objectsOf(stack, { ...DEPLOYED, Version: version }).filter(({ kind }) => /^Persistent/.test(kind));
    expect(names('7')).toHaveLength(2);
    expect(names('8')).toEqual(names('7'));
  });

  test('another bucket gets another volume, created before the old one is deleted', () => {
    const stack = emptyStack();
    const elsewhere = ModelArtifact.fromBucket(stack, 'Elsewhere', {
      bucket: s3.Bucket.fromBucketName(stack, 'Other', 'other'), manifestKey: 'digits-0123abcd/saved_model/7/manifest.json',
    });
    modelService(stack, { ...MOUNTED, model: ModelSource.fromArtifact(elsewhere) });

    const idOf = (of: Stack) => Object.keys(Template.fromStack(of).findResources(MANIFEST)).find((id) => id.includes('Storage'));
    expect(idOf(stack)).toBeDefined();
    expect(idOf(stack)).not.toEqual(idOf(stackWith(MOUNTED)));
  });

  test('the prefix of a model that a parameter names comes from the version that it points to', () => {
    const stack = emptyStack();
    const artifact = ModelArtifact.fromParameter(stack, 'Pointed', { bucket: s3.Bucket.fromBucketName(stack, 'Models', 'models'), parameterName: '/digits' });
    modelService(stack, { ...MOUNTED, model: ModelSource.fromArtifact(artifact) });

    expect(objectOf(stack, 'PersistentVolume').spec.mountOptions).toContain('prefix digits-0123abcd/saved_model/');
    const policy = JSON.stringify(deployed(resourceOf(stack, 'AWS::IAM::Policy', 'DigitsAccessRole').properties));
    expect(policy).toContain('models/digits-0123abcd/saved_model/*');
    expect(policy).not.toContain('*/saved_model');
  });

  test('each pod checks the list of files against the digest of the deployment, and the files against the list, before it serves', () => {
    const [verify, ...others] = podOf(stackWith(MOUNTED)).initContainers;

    expect(others).toEqual([]);
    expect(verify.image).toBe(DEFAULT_SERVING_IMAGE);
    expect(verify.env).toEqual(expect.arrayContaining([
      { name: 'VERSION_DIRECTORY', value: '/models/digits/7' }, { name: 'CHECKSUMS_SHA256', value: 'c'.repeat(64) },
    ]));
  });

  test('copies the version unless it is mounted, and checks it all the same', () => {
    const stack = stackWith({ copyImage: 'registry.example.com/aws-cli:2.1.0' });
    const pod = podOf(stack);

    expect(pod.initContainers.map(({ name }: any) => name)).toEqual(['copy-model', 'verify-model']);
    expect(pod.initContainers[0]).toMatchObject({
      image: 'registry.example.com/aws-cli:2.1.0',
      args: ['s3', 'cp', '--recursive', '--only-show-errors', 's3://models/digits-0123abcd/saved_model/7/', '/models/digits/7/'],
    });
    expect(pod.volumes[0]).toEqual({ name: 'model', emptyDir: {} });
    expect(objectsOf(stack).map(({ kind }) => kind)).not.toContain('PersistentVolume');
  });

  test('creates its own optimizer for a source, for TensorFlow Serving on x86_64', () => {
    const stack = emptyStack();
    const service = modelService(stack, { ...MOUNTED, model: ModelSource.fromAsset(DIGITS) });

    expect(service.optimizer).toBeInstanceOf(ModelOptimizer);
    expect(service.artifact).toBe(service.optimizer);
    const job = JSON.parse(deployed(resourceOf(stack, 'Custom::TensorFlowModelBuild').properties.Job));
    expect(job).toMatchObject({ model: 'digits', format: 'saved_model', architecture: 'x86_64', recipe: { kind: 'forServing' } });
    expect(objectOf(stack, 'PersistentVolume').spec.mountOptions[1]).toMatch(/^prefix digits-[0-9a-f]{8}.*\/saved_model\/$/);
  });

  test('reads with the bucket\'s key if it has one', () => {
    const stack = emptyStack();
    modelService(stack, { model: ModelSource.fromAsset(DIGITS), encryptionKey: new kms.Key(stack, 'Key') });

    expect(JSON.stringify(resourceOf(stack, 'AWS::IAM::Policy', 'DigitsAccessRole').properties)).toContain('kms:Decrypt');
  });

  test('offers the model the pods\' resources', () => {
    expect(offerOf(stackWith())).toEqual({ endpoint: 'service', format: 'saved_model', architecture: 'x86_64', cpuFeatures: [] });
    expect(offerOf(stackWith({ memoryRequest: Size.gibibytes(1), memoryLimit: Size.gibibytes(2), cpuFeatures: ['avx512_bf16'] })))
      .toMatchObject({ memoryMebibytes: 2048, cpuFeatures: ['avx512_bf16'] });
    expect(offerOf(stackWith({ memoryRequest: Size.gibibytes(1) }))).toMatchObject({ memoryMebibytes: 1024 });
  });
});

describe('versions', () => {
  test('the deployment waits for pods of exactly the template that it applied, again for every version', () => {
    const stack = stackWith();

    const { properties } = resourceOf(stack, GATE);
    const rollout = objectOf(stack, 'Deployment').spec.template.metadata.labels['cdk-tensorflow/rollout'];
    expect(rollout).toMatch(/^[0-9a-f]{8}-01234567-7$/);
    expect(deployed(properties)).toMatchObject({
      ObjectType: 'replicasets',
      ObjectName: `--selector=app.kubernetes.io/name=tensorflow-serving,app.kubernetes.io/instance=digits,cdk-tensorflow/rollout=${rollout}`,
      ObjectNamespace: 'default',
      JsonPath: '.items[?(@.status.availableReplicas>=3)].metadata.name',
      TimeoutSeconds: 840,
    });
    expect(deployed(properties, { ...DEPLOYED, Version: '8' }).ObjectName).toMatch(/-8$/);
  });

  test('it waits after everything is applied', () => {
    const stack = stackWith({ maxReplicas: 5 });

    const manifests = Object.keys(Template.fromStack(stack).findResources(MANIFEST));
    expect(resourceOf(stack, GATE).resource.DependsOn).toEqual(expect.arrayContaining(manifests));
  });

  test('it waits again when the pods change in another way', () => {
    const before = resourceOf(stackWith(), GATE).properties.ObjectName;

    expect(resourceOf(stackWith({ cpuRequest: 2 }), GATE).properties.ObjectName).not.toEqual(before);
    expect(resourceOf(stackWith(), GATE).properties.ObjectName).toEqual(before);
  });

  test('it waits again when a deployment value in the pods changes', () => {
    const stack = emptyStack();
    const tag = new CfnParameter(stack, 'Tag');
    modelService(stack, { servingImage: ServingImage.fromRegistry(`example/serving:${tag.valueAsString}`), podSpec: { priorityClassName: tag.valueAsString } });

    const { id, properties } = resourceOf(stack, FIT);
    expect(properties.Digests.PodsDigest.filter(({ Ref: name }: any) => name === 'Tag')).toHaveLength(1);
    expect(JSON.stringify(properties.Digests)).not.toContain(id);
    expect(deployed(resourceOf(stack, GATE).properties.ObjectName, { ...DEPLOYED, PodsDigest: 'aaaaaaaa' })).toMatch(/rollout=[0-9a-f]{8}-aaaaaaaa-7$/);
    expect(objectOf(stack, 'Deployment').spec.template.spec.containers[0].image).toBe('example/serving:Tag');
  });

  test('pods are made only after they may read the model', () => {
    const stack = stackWith(MOUNTED);

    const { DependsOn: before } = resourceOf(stack, MANIFEST, 'DigitsObjectsmodelsdefaultdigitsDeployment').resource;
    expect(before).toEqual(expect.arrayContaining([
      expect.stringMatching(/^DigitsAccessAssociation/), expect.stringMatching(/^DigitsAccessRoleDefaultPolicy/),
      expect.stringMatching(/ServiceAccount/), expect.stringMatching(/Storage/),
    ]));
  });

  test('rolloutTimeout', () => {
    expect(resourceOf(stackWith({ rolloutTimeout: Duration.minutes(5) }), GATE).properties.TimeoutSeconds).toBe(300);
  });
});
