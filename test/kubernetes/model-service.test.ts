import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ModelSource, ModelStorage } from '../../lib';
import { deployed, DIGITS, FLAG_SETS, MANIFEST, modelService, objectOf, resourceOf, stackWith } from './fixtures';

describe.each(FLAG_SETS)('ModelService %s', (_, flags) => {
  test('applies one manifest for each object that may go away', () => {
    const stack = stackWith({
      createNamespace: true, namespaceName: 'models', maxReplicas: 5, internalLoadBalancer: true, modelStorage: ModelStorage.MOUNTPOINT,
    }, flags);

    const kinds = Object.values(Template.fromStack(stack).findResources(MANIFEST))
      .map((resource) => JSON.parse(deployed(resource.Properties.Manifest)).map((object: any) => object.kind).join('+'));
    expect(kinds.sort()).toEqual([
      'Deployment', 'HorizontalPodAutoscaler', 'Namespace', 'PersistentVolume+PersistentVolumeClaim', 'PodDisruptionBudget', 'Service', 'Service', 'Service',
      'ServiceAccount',
    ]);
  });

  test('by default: three pods that serve the published version, and no autoscaling', () => {
    const stack = stackWith({}, flags);

    const { spec } = objectOf(stack, 'Deployment');
    expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } });
    expect(spec.template.metadata.annotations['cdk-tensorflow/models.config']).toMatch(/specific \{\s+versions: 7\s+\}/);
    expect(spec.template.metadata.labels['cdk-tensorflow/version']).toBe('7');
    expect(objectOf(stack, 'HorizontalPodAutoscaler').spec).toMatchObject({ minReplicas: 3, maxReplicas: 3 });
  });

  test('the service account has no role annotation, which would make Mountpoint assume the role in a way that the role does not trust', () => {
    const stack = stackWith({}, flags);

    expect(objectOf(stack, 'ServiceAccount').metadata).not.toHaveProperty('annotations');
    Template.fromStack(stack).hasResourceProperties('AWS::EKS::PodIdentityAssociation', {
      ClusterName: 'models', Namespace: 'default', ServiceAccount: 'digits', RoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^DigitsAccessRole'), 'Arn'] },
    });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: { Statement: [{ Action: ['sts:AssumeRole', 'sts:TagSession'], Principal: { Service: 'pods.eks.amazonaws.com' } }] },
    });
  });

  test('pods may read this model\'s versions and nothing else', () => {
    const stack = stackWith({}, flags);

    const { Statement: statements } = resourceOf(stack, 'AWS::IAM::Policy', 'DigitsAccessRole').properties.PolicyDocument;
    expect(deployed(statements)).toEqual([
      { Effect: 'Allow', Action: 's3:GetObject', Resource: expect.stringMatching(/:s3:::models\/digits-0123abcd\/saved_model\/\*$/) },
      {
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: expect.stringMatching(/:s3:::models$/),
        Condition: { StringLike: { 's3:prefix': expect.anything() } },
      },
    ]);
    expect([statements[1].Condition.StringLike['s3:prefix']].flat()).toEqual(['digits-0123abcd/saved_model/*']);
  });

  test('logical ids do not change', () => {
    const ids = Object.keys(Template.fromStack(stackWith({ maxReplicas: 4, modelStorage: ModelStorage.MOUNTPOINT }, flags)).findResources(MANIFEST)).map((id) => id.replace(/[0-9A-F]{8}$/, '')).sort();

    expect(ids).toEqual([
      'DigitsObjectsmodelsdefaultdigitsAutoscaler', 'DigitsObjectsmodelsdefaultdigitsDeployment', 'DigitsObjectsmodelsdefaultdigitsDisruptionBudget',
      'DigitsObjectsmodelsdefaultdigitsHeadlessService', 'DigitsObjectsmodelsdefaultdigitsService', 'DigitsObjectsmodelsdefaultdigitsServiceAccount',
      expect.stringMatching(/^DigitsObjectsmodelsdefaultdigitsStorage[0-9a-f]{8}$/),
    ]);
  });

  test('cdk-nag finds nothing', () => {
    const stack = new Stack(new App({ context: { ...flags, 'aws:cdk:bundling-stacks': [] } }), 'Stack');
    modelService(stack, { model: ModelSource.fromAsset(DIGITS), maxReplicas: 5 });
    modelService(stack, { cluster: stack.node.findChild('Cluster') as unknown as eks.ICluster, model: ModelSource.fromAsset(DIGITS), applyManifests: false }, 'Bundle');

    expect(new AwsSolutionsChecks(stack.node.root as App).validateScope(stack).violations).toEqual([]);
  });
});
