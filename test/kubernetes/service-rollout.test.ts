import { Duration, Lazy } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { emptyStack, importedCluster, modelService, objectOf, stackWith } from './fixtures';

const deployment = (props: Partial<ModelServiceProps>) => objectOf(stackWith(props), 'Deployment').spec;
const minutes = (value: number) => Duration.minutes(value);

describe('a new version takes over', () => {
  test('without a load balancer: a quarter of the pods at a time, and a pod counts when it is ready', () => {
    const spec = deployment({ replicas: 12 });

    expect(spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: '25%' });
    expect(spec).not.toHaveProperty('minReadySeconds');
    expect(spec.progressDeadlineSeconds).toBe(900);
  });

  test('with a load balancer: all pods at once, and each counts after the minutes that a load balancer takes to send it requests', () => {
    const spec = deployment({ replicas: 12, internalLoadBalancer: true });

    expect(spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: '100%' });
    expect(spec).toMatchObject({ minReadySeconds: 180, progressDeadlineSeconds: 1080 });
  });

  test('minReadyTime, startupTimeout and maxSurge', () => {
    const spec = deployment({ internalLoadBalancer: true, minReadyTime: Duration.seconds(20), startupTimeout: minutes(2), maxSurge: 2 });

    expect(spec).toMatchObject({ minReadySeconds: 20, progressDeadlineSeconds: 440, strategy: { rollingUpdate: { maxSurge: 2 } } });
  });

  test('a separate namespace lets the load balancer\'s controller keep a pod unready until it gets requests', () => {
    expect(objectOf(stackWith({ createNamespace: true, namespaceName: 'models' }), 'Namespace').metadata.labels).toMatchObject({
      'eks.amazonaws.com/pod-readiness-gate-inject': 'enabled', 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled',
    });
  });
});

describe('a deployment waits long enough', () => {
  test.each<[string, Partial<ModelServiceProps>, RegExp]>([
    ['a pod that may take longer than the deployment waits', { startupTimeout: minutes(15) },
      /^startupTimeout gives a pod 900 seconds, and the deployment fails after 840 \(rolloutTimeout\): give less, or set applyManifests to false/],
    ['a pod that may take longer than the deployment was told to wait', { startupTimeout: minutes(6), rolloutTimeout: minutes(5) }, /360 seconds, .* after 300/],
    ['a pod that counts too late behind a load balancer', { startupTimeout: minutes(12), internalLoadBalancer: true },
      /720 seconds and another 180 until it counts \(minReadyTime, the default with a load balancer\)/],
    ['a pod that can never count in time', { minReadyTime: minutes(14) }, /start in 3 steps of at least 840 seconds .* raise maxSurge, or give less/],
    ['steps that can never end in time', { internalLoadBalancer: true, replicas: 5, maxSurge: 1 }, /start in 5 steps of at least 180 seconds .* after 840/],
    ['a pod that serves on for longer than a namespace may take to be deleted', { drainTime: minutes(11) }, /drainTime in seconds must be between 1 and 600, got 660/],
    ['a time that other times follow from as a token', { drainTime: Duration.seconds(Lazy.number({ produce: () => 30 })) },
      /^drainTime must be known when the app is synthesized/],
  ])('fails for %s', (_, props, message) => {
    expect(() => stackWith(props)).toThrow(message);
  });

  test.each<[string, Partial<ModelServiceProps>]>([
    ['a short wait beside the default startupTimeout', { rolloutTimeout: minutes(5) }],
    ['pods that may take long, where somebody else waits', { applyManifests: false, startupTimeout: minutes(60), drainTime: minutes(20) }],
    ['a number of pods that is a token', { replicas: Lazy.number({ produce: () => 3 }), startupTimeout: minutes(13) }],
    ['a wait that is a token', { rolloutTimeout: Duration.seconds(Lazy.number({ produce: () => 300 })), startupTimeout: minutes(13) }],
  ])('accepts %s', (_, props) => {
    expect(() => stackWith(props)).not.toThrow();
  });

  test('warns if pods that take all of startupTimeout would together be too late', () => {
    const warned = (props: Partial<ModelServiceProps>) => {
      const stack = emptyStack();
      modelService(stack, { cluster: importedCluster(stack), ...props });
      return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('SlowRollout|maxSurge')).map(({ entry }) => entry.data);
    };

    expect(warned({ replicas: 8, startupTimeout: minutes(5) })).toEqual([
      expect.stringMatching(/start in 4 steps, which may take 1200 seconds .* fails after 840: raise maxSurge/),
    ]);
    expect(warned({ replicas: 8, startupTimeout: minutes(5), maxSurge: 4 })).toEqual([]);
    expect(warned({ replicas: 8 })).toEqual([]);
    expect(warned({ replicas: 8, startupTimeout: minutes(5), applyManifests: false })).toEqual([]);
  });
});
