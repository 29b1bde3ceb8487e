import { chmodSync, mkdtempSync, writeFileSync } from 'fs';
import { join } from 'path';
import { StandInRegistry } from '../stand_ins/registry';
import { writeStandInServer } from '../stand_ins/serving-program';
import { accuracy, HELD_OUT } from './digits';
import { eventually } from './eventually';
import { FleetDeployment } from './fleet-deployment';
import { callAction } from './requests';

const STACK = 'Fleet';

/** The stand-in server, which adds a little to every number that it answers. */
const LYING = `
import sys
from stand_in_server import rest, server
honest = rest.write_outputs
rest.write_outputs = lambda outputs, *, rows: honest({name: value + 0.01 for name, value in outputs.items()}, rows=rows)
sys.exit(server.main(sys.argv))
`;

let fleet: FleetDeployment;
let server: string;

const logs = (action: string, parameters: object) => callAction(fleet.emulator, 'logs', `Logs_20140328.${action}`, parameters);

/** Returns what is in the stack's own log groups: the boots of its instances among it. */
async function logMessages(): Promise<string[]> {
  const { logGroups } = await logs('DescribeLogGroups', {}) as { logGroups: { logGroupName: string }[] };
  const own = logGroups.filter(({ logGroupName }) => logGroupName.includes(`/${STACK}/`));
  const found = await Promise.all(own.map(({ logGroupName }) => logs('FilterLogEvents', { logGroupName }))) as { events: { message: string }[] }[];
  return found.flatMap(({ events }) => events.map(({ message }) => message));
}

/** Runs an action while a registry serves an image that holds a program as tensorflow_model_server. */
async function withImage<T>(program: string, action: (image: string) => Promise<T>): Promise<T> {
  const registry = await StandInRegistry.start(program);
  try {
    return await action(registry.image);
  } finally {
    await registry.stop();
  }
}

beforeAll(async () => {
  fleet = await FleetDeployment.start();
  server = writeStandInServer(fleet.work);
});

afterAll(async () => {
  await fleet?.stop();
});

// Instances of the embedded AWS need root.
(process.getuid?.() === 0 ? describe : describe.skip)('ModelFleet, deployed by the CDK command line', () => {
  test('a first deployment leaves an instance that predicts over the load balancer\'s port', async () => {
    const { code, output } = await fleet.deploy({ server });
    expect({ code, output: code === 0 ? '' : `${output}\n${fleet.emulator.log().slice(-5000)}` }).toEqual({ code: 0, output: '' });

    expect(accuracy(await fleet.decisions(HELD_OUT.map(({ image }) => image)))).toBeGreaterThan(0.95);
    expect(await fleet.version()).toBe('1');
    // The instance signals first and logs afterwards, so that a slow log delays no deployment.
    await eventually(async () => expect(await logMessages()).toContain('SUCCESS'));
  });

  // Injects a fault.
  test('an update whose server dies fails with the reason, and the old instance answers throughout', async () => {
    const dying = join(fleet.work, 'dying');
    writeFileSync(dying, '#!/bin/sh\necho illegal instruction; exit 132\n');
    chmodSync(dying, 0o755);

    const { result, answered, wrong } = await fleet.predictingMeanwhile(() => fleet.deploy({ server: dying, recipe: 'none' }));

    expect(result.code).not.toBe(0);
    expect(result.output).toContain('Received 1 FAILURE signal(s) out of 1');
    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(10);
    expect(await fleet.version()).toBe('1');
    // The instance's console, which the embedded AWS logs.
    expect(fleet.emulator.log()).toMatch(/FAILURE: the server does not stay up: .*illegal instruction/);
  });

  // Injects a fault.
  test('the optimization refuses a server image that answers wrongly, before any instance changes', async () => {
    const lying = writeStandInServer(mkdtempSync(join(fleet.work, 'lying-')), LYING);

    const { code, output } = await withImage(lying, (image) => fleet.deploy({ image, recipe: 'none' }));

    expect(code).not.toBe(0);
    expect(output).toContain('does not serve the optimized model: its answers are others than the optimizer\'s');
    expect(output).toMatch(/request 1: the output at \[0, 0\] must be 0\.\d+ within 0\.\d+, got 0\.\d+;/);
    expect(await fleet.version()).toBe('1');
  });

  test('a new version, with the server from an image, replaces the instance without a failed request, even on a channel that stays open', async () => {
    const { result: overRest, ...grpc } = await fleet.predictingOverOneChannel(() => (
      fleet.predictingMeanwhile(() => withImage(server, (image) => fleet.deploy({ image, recipe: 'none' })))));
    const { result, answered, wrong } = overRest;

    expect({ code: result.code, output: result.code === 0 ? '' : result.output }).toEqual({ code: 0, output: '' });
    expect({ rest: wrong, grpc: grpc.wrong }).toEqual({ rest: [], grpc: [] });
    expect(Math.min(answered, grpc.answered)).toBeGreaterThan(10);
    expect(await fleet.version()).toBe('3');
  });

  test('cdk destroy ends the instances', async () => {
    const { code } = await fleet.destroy({ server });

    expect(code).toBe(0);
    await expect(fleet.connect(8501)).rejects.toThrow('no listener');
  });
});
