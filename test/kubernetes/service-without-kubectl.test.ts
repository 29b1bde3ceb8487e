import { CfnParameter } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ModelSource } from '../../lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { deployed, DIGITS, emptyStack, FIT, importedCluster, modelService, objectsOf, resourceOf, stackWith } from './fixtures';

describe('without kubectl', () => {
  const bundled = (props: Partial<ModelServiceProps> = {}) => {
    const stack = emptyStack();
    const cluster = importedCluster(stack, { kubectlProvider: undefined });
    return { stack, service: modelService(stack, { cluster, applyManifests: false, ...props }) };
  };

  test('the template has nothing of kubectl', () => {
    const { stack, service } = bundled();

    expect(service.manifests).toEqual([]);
    expect(service.rollout).toBeUndefined();
    expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toMatch(/AWSCDK-EKS|kubectl/i);
  });

  test('each deployment writes the objects to the artifact bucket, under a new key, and replaces none', () => {
    const { stack, service } = bundled();

    const create = JSON.parse(deployed(resourceOf(stack, 'Custom::TensorFlowKubernetesObjects').properties.Create));
    expect(deployed(stack.resolve(service.bundleKey))).toMatch(/^digits-0123abcd\/manifests\/[0-9a-f]{8}-89abcdef-7\.yaml$/);
    expect(create.parameters).toMatchObject({ Bucket: 'models', Key: deployed(stack.resolve(service.bundleKey)), IfNoneMatch: '*' });
    expect(create.parameters.Body).toContain('kind: "Deployment"');
    expect(create.parameters.Body).toContain('versions: 7');
    expect(create.parameters.Body).not.toContain('${Token');
    expect(resourceOf(stack, 'AWS::IAM::Policy', 'DigitsBundle').properties.PolicyDocument.Statement).toEqual([
      expect.objectContaining({ Action: 's3:PutObject', Resource: expect.objectContaining({}) }),
    ]);
  });

  test('the log of what writes them is deleted with the stack', () => {
    const { stack } = bundled();

    const kept = Object.values(Template.fromStack(stack).findResources('AWS::Logs::LogGroup')).filter(({ DeletionPolicy }) => DeletionPolicy !== 'Delete');
    expect(kept).toEqual([]);
  });

  test('a changed deployment value gives a new key', () => {
    const stack = emptyStack();
    const replicas = new CfnParameter(stack, 'Replicas', { type: 'Number' }).valueAsNumber;
    modelService(stack, { cluster: importedCluster(stack, { kubectlProvider: undefined }), applyManifests: false, replicas });

    const { ObjectsDigest: values } = resourceOf(stack, FIT).properties.Digests;
    expect(values).toContainEqual({ Ref: 'Replicas' });
  });

  test('toYaml has the same objects as applyManifests applies', () => {
    const { stack, service } = bundled();

    const yaml: string = deployed(stack.resolve(service.toYaml()));
    const applied = objectsOf(stackWith());
    expect(yaml.match(/^kind: "(\w+)"$/gm)).toHaveLength(applied.length);
    expect(yaml).not.toContain('aws.cdk.eks/prune');
  });

  test.each([['the bucket\'s key', false], ['the key of a bucket that names it by an alias', true]])('encrypts the objects with %s', (_, isAlias) => {
    const stack = emptyStack();
    const key = new kms.Key(stack, 'Key');
    const artifactBucket = new s3.Bucket(stack, 'Own', { versioned: true, encryptionKey: isAlias ? key.addAlias('models') : key });
    modelService(stack, {
      cluster: importedCluster(stack), applyManifests: false, model: ModelSource.fromAsset(DIGITS), artifactBucket, encryptionKey: artifactBucket.encryptionKey,
    });

    const template = Template.fromStack(stack);
    const [[policy, { Properties }]] = Object.entries<any>(template.findResources('AWS::IAM::Policy')).filter(([id]) => id.startsWith('AWS679f53fac'));
    expect(Properties.PolicyDocument.Statement).toEqual([{ Action: 'kms:GenerateDataKey', Effect: 'Allow', Resource: { 'Fn::GetAtt': [stack.getLogicalId(key.node.defaultChild as kms.CfnKey), 'Arn'] } }]);
    const [write]: any[] = Object.values(template.findResources('Custom::TensorFlowKubernetesObjects'));
    expect(write.DependsOn).toContain(policy);
  });
});
