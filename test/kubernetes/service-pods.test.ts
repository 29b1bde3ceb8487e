import { Duration, Size } from 'aws-cdk-lib';
import type { ModelServiceProps } from '../../lib/kubernetes/model-service-props';
import { ModelStorage } from '../../lib/kubernetes/model-service-props';
import { ServingImage } from '../../lib/serving/serving-image';
import { objectOf, objectsOf, podOf, serverOf, stackWith } from './fixtures';

describe('pods', () => {
  test('keep to the restricted pod security standard', () => {
    const pod = podOf(stackWith({ modelStorage: ModelStorage.COPY }));

    expect(pod.securityContext).toEqual({ runAsNonRoot: true, runAsUser: 65_532, runAsGroup: 65_532, fsGroup: 65_532, seccompProfile: { type: 'RuntimeDefault' } });
    for (const container of [...pod.initContainers, ...pod.containers]) {
      expect(container.securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    }
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  test('are ready when the model answers, and alive when the server does', () => {
    const { startupProbe, readinessProbe, livenessProbe } = serverOf(stackWith());

    expect(startupProbe).toMatchObject({ httpGet: { path: '/v1/models/digits/metadata', port: 'http' }, periodSeconds: 5, failureThreshold: 120 });
    expect(readinessProbe).toMatchObject({ httpGet: { path: '/v1/models/digits/metadata', port: 'http' } });
    // Probes wait for the server's threads like requests: less time would take all pods out of the Service in a burst.
    expect(readinessProbe).toMatchObject({ timeoutSeconds: 20, failureThreshold: 5 });
    expect(livenessProbe).toMatchObject({ grpc: { port: 8500 } });
  });

  test('keep serving while they are removed from the Service, and no longer than their grace period', () => {
    const stack = stackWith();

    expect(serverOf(stack).lifecycle).toEqual({ preStop: { sleep: { seconds: 45 } } });
    expect(podOf(stack)).toMatchObject({ terminationGracePeriodSeconds: 60, shareProcessNamespace: true, enableServiceLinks: false });
  });

  test('bring their own configuration, so that two versions can serve side by side', () => {
    const stack = stackWith({ batching: true });
    const { annotations } = objectOf(stack, 'Deployment').spec.template.metadata;
    const [, config] = podOf(stack).volumes;

    expect(config.downwardAPI.items.map(({ path }: any) => path)).toEqual(['models.config', 'batching.config', 'monitoring.config']);
    for (const { path, fieldRef } of config.downwardAPI.items) {
      expect(fieldRef.fieldPath).toBe(`metadata.annotations['cdk-tensorflow/${path}']`);
      expect(annotations).toHaveProperty([`cdk-tensorflow/${path}`]);
    }
    expect(objectsOf(stack).map(({ kind }) => kind)).not.toContain('ConfigMap');
  });

  test('with a CPU limit compute with no more threads than that', () => {
    const stack = stackWith({ cpuLimit: 2, batching: true });

    expect(serverOf(stack).args).toContain('--tensorflow_intra_op_parallelism=2');
    expect(objectOf(stack, 'Deployment').spec.template.metadata.annotations['cdk-tensorflow/batching.config']).toMatch(/num_batch_threads \{\s+value: 2/);
    expect(serverOf(stackWith({ cpuRequest: 2 })).args.join(' ')).not.toContain('intra_op');
  });

  test('spread over zones and nodes, each version by itself', () => {
    const constraints = podOf(stackWith()).topologySpreadConstraints;

    expect(constraints.map(({ topologyKey }: any) => topologyKey)).toEqual(['topology.kubernetes.io/zone', 'kubernetes.io/hostname']);
    expect(constraints[0]).toMatchObject({ maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', matchLabelKeys: ['pod-template-hash'] });
  });

  test.each<[string, Partial<ModelServiceProps>, (pod: any) => unknown, unknown]>([
    ['servingImage', { servingImage: ServingImage.fromRegistry('example/serving:1') }, (pod) => [pod.containers[0].image, pod.initContainers[1].image],
      ['example/serving:1', 'example/serving:1']],
    ['environment', { environment: { B: '2', A: '1' } }, (pod) => pod.containers[0].env, [{ name: 'A', value: '1' }, { name: 'B', value: '2' }]],
    ['no environment', {}, (pod) => pod.containers[0].env, undefined],
    ['cpuRequest', { cpuRequest: 0.5 }, (pod) => pod.containers[0].resources.requests.cpu, '500m'],
    ['cpuLimit', { cpuLimit: 2 }, (pod) => pod.containers[0].resources.limits, { cpu: '2000m' }],
    ['memoryRequest', { memoryRequest: Size.gibibytes(1) }, (pod) => pod.containers[0].resources, { requests: { cpu: '1000m', memory: '1024Mi' } }],
    ['memoryLimit', { memoryLimit: Size.gibibytes(2) }, (pod) => pod.containers[0].resources,
      { requests: { cpu: '1000m', memory: '2048Mi' }, limits: { memory: '2048Mi' } }],
    ['no memory', {}, (pod) => pod.containers[0].resources, { requests: { cpu: '1000m', memory: '640Mi' } }],
    ['startupTimeout', { startupTimeout: Duration.minutes(1) }, (pod) => pod.containers[0].startupProbe.failureThreshold, 12],
    ['drainTime', { drainTime: Duration.seconds(20) }, (pod) => [pod.containers[0].lifecycle.preStop.sleep.seconds, pod.terminationGracePeriodSeconds], [20, 35]],
    ['readOnlyRootFilesystem', { readOnlyRootFilesystem: false }, (pod) => pod.containers[0].securityContext.readOnlyRootFilesystem, false],
    ['runAsUser', { runAsUser: 1000 }, (pod) => [pod.securityContext.runAsUser, pod.securityContext.fsGroup], [1000, 1000]],
    ['cpuFeatures', { cpuFeatures: ['avx2', 'avx512_bf16'] }, (pod) => pod.initContainers[1].env.find(({ name }: any) => name === 'CPU_FEATURES').value, 'avx2 avx512_bf16'],
    ['nodeSelector', { nodeSelector: { pool: 'models' } }, (pod) => pod.nodeSelector, { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux', 'pool': 'models' }],
    ['extraContainers', { extraContainers: [{ name: 'agent', image: 'agent:1' }, { name: 'proxy', image: 'proxy:1', securityContext: { runAsUser: 7 } }] },
      (pod) => pod.containers.slice(1), [
        { name: 'agent', image: 'agent:1', securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } } },
        { name: 'proxy', image: 'proxy:1', securityContext: { runAsUser: 7 } },
      ]],
    ['extraVolumes', { extraVolumes: [{ name: 'spool', emptyDir: {} }] }, (pod) => pod.volumes.map(({ name }: any) => name), ['model', 'config', 'tmp', 'spool']],
    ['podSpec', { podSpec: { tolerations: [{ operator: 'Exists' }] } }, (pod) => pod.tolerations, [{ operator: 'Exists' }]],
    ['a serving option', { grpcPort: 9000 }, (pod) => [pod.containers[0].args[0], pod.containers[0].ports[0].containerPort, pod.containers[0].livenessProbe.grpc.port],
      ['--port=9000', 9000, 9000]],
    ['modelName', { modelName: 'other' }, (pod) => pod.containers[0].readinessProbe.httpGet.path, '/v1/models/other/metadata'],
  ])('%s', (_, props, pick, expected) => {
    expect(pick(podOf(stackWith(props)))).toEqual(expected);
  });

  test('have the labels and annotations that the user adds, and those that the library finds them by', () => {
    const { labels, annotations } = objectOf(stackWith({
      podLabels: { 'tier': 'serving', 'app.kubernetes.io/part-of': 'shop' }, podAnnotations: { 'karpenter.sh/do-not-disrupt': 'true' },
    }), 'Deployment').spec.template.metadata;

    expect(labels).toMatchObject({ 'tier': 'serving', 'app.kubernetes.io/part-of': 'shop', 'app.kubernetes.io/instance': 'digits' });
    expect(annotations).toMatchObject({ 'karpenter.sh/do-not-disrupt': 'true', 'prometheus.io/scrape': 'true' });
  });

  test('copy the model, or mount it, which needs an add-on', () => {
    const containers = (props: Partial<ModelServiceProps>) => podOf(stackWith(props)).initContainers.map(({ name }: any) => name);

    expect(containers({})).toEqual(['copy-model', 'verify-model']);
    expect(containers({ modelStorage: ModelStorage.MOUNTPOINT })).toEqual(['verify-model']);
    expect(objectsOf(stackWith()).map(({ kind }) => kind)).not.toContain('PersistentVolume');
  });
});
