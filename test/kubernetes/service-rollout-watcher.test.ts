import { KubectlV36Layer } from '@aws-cdk/lambda-layer-kubectl-v36';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ModelSource } from '../../lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { ModelStorage } from '../../lib/kubernetes/model-service-props';
import { deployed, emptyStack, FLAG_SETS, GATE, modelService, podOf, publishedModel, resourceOf, stackWith } from './fixtures';

const ROLLOUT = 'Custom::TensorFlowRollout';
const DESCRIPTION = 'Waits for pods of new versions of TensorFlow models';

/** A cluster of the app itself, whose API is reached from its VPC only. */
function ownCluster(stack: Stack, id = 'Cluster', options: Partial<eks.KubectlProviderOptions> = {}): eks.Cluster {
  return new eks.Cluster(stack, id, {
    version: eks.KubernetesVersion.V1_34,
    endpointAccess: eks.EndpointAccess.PRIVATE,
    kubectlProviderOptions: { kubectlLayer: new KubectlV36Layer(stack, `${id}Kubectl`), ...options },
  });
}

/** A stack with a cluster and a service in it. */
function stackWithCluster(
  props: Partial<ModelServiceProps> = {}, flags: Record<string, unknown> = {}, options: Partial<eks.KubectlProviderOptions> = {},
): Stack {
  const stack = emptyStack(flags);
  modelService(stack, { cluster: ownCluster(stack, 'Cluster', options), ...props });
  return stack;
}

const functionsOf = (stack: Stack): [string, any][] => Object.entries(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
const watchersOf = (stack: Stack) => functionsOf(stack).filter(([, { Properties }]) => Properties.Description === DESCRIPTION);
const kubectlOf = (stack: Stack) => functionsOf(stack).find(([, { Properties }]) => Properties.Description === 'onEvent handler for EKS kubectl resource provider')![1];

describe('the deployment waits for pods of a new version', () => {
  test.each(FLAG_SETS)('with the role, the network and the environment of the cluster\'s kubectl function, %s', (_, flags) => {
    const stack = stackWithCluster({}, flags, { environment: { HTTPS_PROXY: 'http://proxy:3128' } });
    const [[, { Properties: watcher }], ...others] = watchersOf(stack);
    const kubectl = kubectlOf(stack).Properties;

    expect(others).toEqual([]);
    expect(watcher.VpcConfig.SubnetIds.length).toBeGreaterThan(0);
    expect([watcher.Role, watcher.VpcConfig, watcher.Environment]).toEqual([kubectl.Role, kubectl.VpcConfig, kubectl.Environment]);
    expect(watcher.Environment.Variables).toMatchObject({ HTTPS_PROXY: 'http://proxy:3128', AWS_STS_REGIONAL_ENDPOINTS: 'regional' });
    expect(watcher).toMatchObject({ Timeout: 900, MemorySize: 256 });
    expect(watcher).not.toHaveProperty('Layers');
  });

  test('without further permissions for that role', () => {
    const service = (props: Partial<ModelServiceProps>) => {
      const stack = stackWithCluster(props);
      const { Role } = kubectlOf(stack).Properties;
      const id: string = Role['Fn::GetAtt'][0];
      const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(id));
      return { role: Template.fromStack(stack).findResources('AWS::IAM::Role')[id], policies };
    };

    expect(service({})).toEqual(service({ applyManifests: false }));
  });

  test('by the pods\' identity, their number, and how long they must be ready', () => {
    const { properties } = resourceOf(stackWithCluster({ replicas: 4, namespaceName: 'models', rolloutTimeout: Duration.minutes(5) }), ROLLOUT);

    expect(deployed(properties)).toMatchObject({
      Namespace: 'models', Name: 'digits', Replicas: '4', TimeoutSeconds: '300', ServiceTimeout: '960',
      Selector: expect.stringMatching(
        /^app\.kubernetes\.io\/name=tensorflow-serving,app\.kubernetes\.io\/instance=digits,cdk-tensorflow\/rollout=[0-9a-f]+-01234567-7$/),
    });
  });

  test('after everything is applied, and after the cluster lets the role in', () => {
    const { resource } = resourceOf(stackWithCluster({ createNamespace: true, namespaceName: 'models' }), ROLLOUT);

    for (const name of ['Deployment', 'Autoscaler', 'DisruptionBudget', 'KubectlReadyBarrier']) {
      expect(resource.DependsOn).toEqual(expect.arrayContaining([expect.stringContaining(name)]));
    }
  });

  test('with one function for all services of a cluster in a stack', () => {
    const stack = emptyStack();
    const clusters = [ownCluster(stack), ownCluster(stack, 'Other')];
    const model = ModelSource.fromArtifact(publishedModel(stack));
    ['a', 'b', 'c'].forEach((id) => modelService(stack, { cluster: clusters[0], model }, id));
    modelService(stack, { cluster: clusters[1], model }, 'd');

    const tokens = Object.values(Template.fromStack(stack).findResources(ROLLOUT)).map(({ Properties }) => Properties.ServiceToken['Fn::GetAtt'][0]);
    expect(tokens).toHaveLength(4);
    expect([...new Set(tokens)].sort()).toEqual(watchersOf(stack).map(([id]) => id).sort());
    expect(watchersOf(stack)).toHaveLength(2);
  });

  test('in a stack of its own, which then depends on the cluster\'s and not the other way round', () => {
    const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
    const [infrastructure, models] = ['Infrastructure', 'Models'].map((id) => new Stack(app, id));
    modelService(models, { cluster: ownCluster(infrastructure) });

    app.synth();
    expect(watchersOf(infrastructure)).toHaveLength(0);
    expect(watchersOf(models)).toHaveLength(1);
    expect([models, infrastructure].map((stack) => stack.dependencies.map(({ node }) => node.id))).toEqual([['Infrastructure'], []]);
  });

  test('of an imported cluster whose kubectl function belongs to the app', () => {
    const stack = emptyStack();
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const kubectlProvider = new eks.KubectlProvider(stack, 'Provider', {
      cluster: eks.Cluster.fromClusterAttributes(stack, 'Named', { clusterName: 'models', vpc, clusterSecurityGroupId: 'sg-0123456789abcdef0' }),
      kubectlLayer: new KubectlV36Layer(stack, 'Kubectl'),
      privateSubnets: vpc.privateSubnets,
      role: iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::123456789012:role/kubectl'),
    });
    const cluster = eks.Cluster.fromClusterAttributes(stack, 'Imported', { clusterName: 'models', kubectlProvider });
    modelService(stack, { cluster });

    const [[, { Properties: watcher }]] = watchersOf(stack);
    expect(watcher.Role).toBe('arn:aws:iam::123456789012:role/kubectl');
    expect(watcher.VpcConfig).toEqual(kubectlOf(stack).Properties.VpcConfig);
    expect(resourceOf(stack, ROLLOUT).properties.ClusterName).toBe('models');
  });

  test('through the kubectl function alone, if only its service token is known', () => {
    const stack = stackWith({ replicas: 4 });

    expect(watchersOf(stack)).toHaveLength(0);
    expect(Template.fromStack(stack).findResources(ROLLOUT)).toEqual({});
    expect(resourceOf(stack, GATE).properties.JsonPath).toBe('.items[?(@.status.availableReplicas>=4)].metadata.name');
  });
});

test('a container that fails leaves the end of its log in the pod\'s status', () => {
  const { initContainers, containers } = podOf(stackWith({ modelStorage: ModelStorage.COPY }));

  const own = [...initContainers, ...containers];
  expect(own.map(({ name }: any) => name)).toEqual(['copy-model', 'verify-model', 'tensorflow-serving']);
  expect(own.map((container: any) => container.terminationMessagePolicy)).toEqual(Array(3).fill('FallbackToLogsOnError'));
});
