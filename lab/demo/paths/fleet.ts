import { writeStandInServer } from '../../stand_ins/serving-program';
import type { DemoPath } from '../path';
import type { Answer } from '../server';

const REST_PORT = 8501;

/**
 * Virtual machines behind a network load balancer. A stand-in answers, because TensorFlow Serving's program is available only in a container image.
 */
export const fleetPath: DemoPath = {
  name: 'fleet',
  label: 'fleet',
  server: 'stand-in',
  stack: 'FleetStack',
  title: 'Amazon EC2, stand-in for TensorFlow Serving',
  unavailable: () => (process.getuid?.() === 0 ? undefined
    : 'the fleet path starts instances in file systems of their own, which takes root: run it with sudo, or in a container'),
  context: (run) => ({ server: writeStandInServer(run.work), minCapacity: '1' }),
  async connect({ emulator }, outputs) {
    const address = await emulator.connect(outputs.LoadBalancer, REST_PORT);
    return {
      address: { endpoint: { url: `http://${address}` } },
      request: (method, path, body) => ask(`http://${address}${path}`, method, body),
      facts: [`${outputs.AutoScalingGroup} behind ${outputs.LoadBalancer}`, 'the boot script of the launch template ran, unchanged, in namespaces of its own'],
    };
  },
};

/** Path of a fleet with the LiteRT server, which answers itself instead of a stand-in. */
export const liteRtFleetPath: DemoPath = {
  ...fleetPath,
  label: 'fleet-litert',
  server: 'LiteRT',
  title: 'Amazon EC2, LiteRT server',
  context: () => ({ modelServer: 'litert', minCapacity: '1' }),
};

async function ask(url: string, method: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(url, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  return { status: answer.status, body: await answer.text() };
}
