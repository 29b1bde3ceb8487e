import { spawnSync } from 'child_process';
import { join } from 'path';
import { ROOT } from '../../../scripts/repository';
import type { Pod } from '../../emulator/client/kubernetes';
import { callPod, isReady, KubernetesApi } from '../../emulator/client/kubernetes';
import type { DemoPath } from '../path';

const NAMESPACE = 'models';

/** Amazon EKS with a real Kubernetes control plane; the server in the pod is a stand-in for TensorFlow Serving. */
export const servicePath: DemoPath = {
  name: 'service',
  label: 'service',
  server: 'stand-in',
  stack: 'ServiceStack',
  title: 'Amazon EKS, stand-in for TensorFlow Serving',
  unavailable() {
    const { status, stdout, stderr } = spawnSync(join(ROOT, '.tools', 'emulator', 'bin', 'python'), ['-m', 'embedded_aws.eks.programs'], {
      env: { ...process.env, PYTHONPATH: join(ROOT, 'lab', 'emulator', 'src') }, encoding: 'utf8',
    });
    return status === 0 ? undefined : `--path service cannot be shown: ${(stderr || stdout).trim()}`;
  },
  async connect({ emulator }, outputs) {
    const cluster = await KubernetesApi.connect(emulator, outputs.ClusterName);
    const ready = (await cluster.pods(NAMESPACE)).filter(isReady);
    if (ready.length === 0) {
      throw new Error(`no pod of the namespace ${NAMESPACE} is ready`);
    }
    let turn = 0;
    const address = `http://${ready[0].metadata.annotations['embedded-aws/http']}`;
    return {
      address: { endpoint: { url: address } },
      request: (method, path, body) => callPod(ready[turn++ % ready.length], method, path, body),
      facts: [...ready.map(describe), `The nodes are ${emulator.nodes}.`],
    };
  },
};

/** Path of a service with the LiteRT server, which answers itself instead of a stand-in. */
export const liteRtServicePath: DemoPath = {
  ...servicePath,
  label: 'service-litert',
  server: 'LiteRT',
  title: 'Amazon EKS, LiteRT server',
  context: () => ({ modelServer: 'litert' }),
};

function describe({ metadata, spec }: Pod): string {
  return `Pod ${metadata.name} on ${spec.nodeName} is ready and serves version ${metadata.labels['cdk-tensorflow/version']}.`;
}
