import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { CommandResult } from '../../emulator/client/embedded-aws';
import { EmbeddedAws } from '../../emulator/client/embedded-aws';
import { GrpcModelClient } from '../../examples/clients/typescript/grpc-client';
import { StandInRegistry } from '../stand_ins/registry';
import { writeStandInServer } from '../stand_ins/serving-program';

const STACK = 'Fleet';
const HELD_OUT = JSON.parse(readFileSync('examples/digits/held_out.json', 'utf8')) as { image: number[][][]; label: number }[];

/** The stand-in server, which adds a little to every number that it answers. */
const LYING = `
import sys
from stand_in_server import rest, server
honest = rest.write_outputs
rest.write_outputs = lambda outputs, *, rows: honest({name: value + 0.01 for name, value in outputs.items()}, rows=rows)
sys.exit(server.main(sys.argv))
`;

interface Outputs {
  readonly LoadBalancer: string;
}

let emulator: EmbeddedAws;
let work: string;
let server: string;

function cdk(command: string, context: Record<string, string>, ...args: string[]): Promise<CommandResult> {
  const given = Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return emulator.cdk([command, STACK, '--app', 'npx tsx test/e2e/fleet-app.ts', '--output', join(work, 'cdk.out'), ...given, ...args]);
}

function deploy(context: Record<string, string>): Promise<CommandResult> {
  return cdk('deploy', context, '--require-approval', 'never', '--progress', 'events', '--outputs-file', join(work, 'outputs.json'));
}

let outputs: Outputs | undefined;

/** Read once: during a deployment the file is rewritten, and may be incomplete. */
function loadBalancer(): string {
  outputs ??= (JSON.parse(readFileSync(join(work, 'outputs.json'), 'utf8')) as Record<string, Outputs>)[STACK];
  return outputs.LoadBalancer;
}

async function ask<T>(path: string, body?: unknown): Promise<T> {
  const address = await emulator.connect(loadBalancer(), 8501);
  const response = await fetch(`http://${address}/v1/models/digits${path}`, {
    ...body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }, headers: { connection: 'close' },
  });
  if (!response.ok) {
    throw new Error(`${response.status}: ${await response.text()}`);
  }
  return await response.json() as T;
}

async function version(): Promise<string> {
  return (await ask<{ model_spec: { version: string } }>('/metadata')).model_spec.version;
}

async function decisions(images: number[][][][]): Promise<number[]> {
  const { predictions } = await ask<{ predictions: number[][] }>(':predict', { instances: images });
  return predictions.map((row) => row.indexOf(Math.max(...row)));
}

async function logs<T>(action: string, request: Record<string, string>): Promise<T> {
  const response = await fetch(emulator.endpoint, {
    method: 'POST', body: JSON.stringify(request), headers: {
      'authorization': `AWS4-HMAC-SHA256 Credential=test/20261124/${emulator.region}/logs/aws4_request, SignedHeaders=host, Signature=0`,
      'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${action}`,
    },
  });
  return await response.json() as T;
}

/** Returns what is in the stack's own log groups: the boots of its instances among it. */
async function logMessages(): Promise<string[]> {
  const { logGroups } = await logs<{ logGroups: { logGroupName: string }[] }>('DescribeLogGroups', {});
  const found = await Promise.all(logGroups.filter(({ logGroupName }) => logGroupName.includes(`/${STACK}/`)).map(({ logGroupName }) => (
    logs<{ events: { message: string }[] }>('FilterLogEvents', { logGroupName }))));
  return found.flatMap(({ events }) => events.map(({ message }) => message));
}

/** Repeats an assertion until it holds, or fails with what it last said. */
async function eventually(assertion: () => Promise<void>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > deadline) {
        throw error;
      }
      await new Promise((done) => setTimeout(done, 500));
    }
  }
}

/** Does something while a registry serves an image that holds a program as tensorflow_model_server. */
async function withImage<T>(program: string, action: (image: string) => Promise<T>): Promise<T> {
  const registry = await StandInRegistry.start(program);
  try {
    return await action(registry.image);
  } finally {
    await registry.stop();
  }
}

/** Predicts one digit after the other while something else happens, and counts what goes wrong. */
async function predictingMeanwhile<T>(
  action: () => Promise<T>, predict = async (image: number[][][]) => (await decisions([image]))[0],
): Promise<{ result: T; answered: number; wrong: string[] }> {
  let going = true;
  let answered = 0;
  const wrong: string[] = [];
  const loop = (async () => {
    for (let index = 0; going; index += 1) {
      const { image } = HELD_OUT[index % 20];
      try {
        answered += Number.isInteger(await predict(image)) ? 1 : 0;
      } catch (error) {
        wrong.push(String(error));
      }
      await new Promise((done) => setTimeout(done, 50));
    }
  })();
  try {
    return { result: await action(), answered, wrong };
  } finally {
    going = false;
    await loop;
  }
}

/** The same by gRPC, whose one channel keeps its connection for as long as the server does. */
async function predictingOverOneChannel<T>(action: () => Promise<T>): Promise<{ result: T; answered: number; wrong: string[] }> {
  const client = new GrpcModelClient(await emulator.connect(loadBalancer(), 8500), 'digits');
  try {
    return await predictingMeanwhile(action, async (image) => {
      const inputs = { image: { shape: [1, 28, 28, 1], values: Float32Array.from(image.flat(2)) } };
      const [{ values }] = Object.values(await client.predict(inputs));
      return Array.from(values, Number).indexOf(Math.max(...Array.from(values, Number)));
    });
  } finally {
    client.close();
  }
}

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'cdk-tensorflow-fleet-'));
  server = writeStandInServer(work);
  emulator = await EmbeddedAws.start();
  await emulator.bootstrap();
});

afterAll(async () => {
  await emulator?.stop();
  rmSync(work, { recursive: true, force: true });
});

// Instances of the embedded AWS need root.
(process.getuid?.() === 0 ? describe : describe.skip)('ModelFleet, deployed by the CDK command line', () => {
  test('a first deployment leaves an instance that predicts over the load balancer\'s port', async () => {
    const { code, output } = await deploy({ server });
    expect({ code, output: code === 0 ? '' : `${output}\n${emulator.log().slice(-5000)}` }).toEqual({ code: 0, output: '' });

    const decided = await decisions(HELD_OUT.map(({ image }) => image));
    const right = HELD_OUT.filter(({ label }, index) => decided[index] === label).length;
    expect(right / HELD_OUT.length).toBeGreaterThan(0.95);
    expect(await version()).toBe('1');
    // The instance signals first and logs afterwards, so that a slow log delays no deployment.
    await eventually(async () => expect(await logMessages()).toContain('SUCCESS'));
  });

  test('an update whose server dies fails, says why, and the old instance has answered throughout', async () => {
    const dying = join(work, 'dying');
    writeFileSync(dying, '#!/bin/sh\necho illegal instruction; exit 132\n');
    chmodSync(dying, 0o755);

    const { result, answered, wrong } = await predictingMeanwhile(() => deploy({ server: dying, recipe: 'none' }));

    expect(result.code).not.toBe(0);
    expect(result.output).toContain('Received 1 FAILURE signal(s) out of 1');
    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(10);
    expect(await version()).toBe('1');
    // The instance's console, which the embedded AWS logs.
    expect(emulator.log()).toMatch(/FAILURE: the server does not stay up: .*illegal instruction/);
  });

  test('a server of an image that answers wrongly is refused by the optimization, before any instance changes', async () => {
    const lying = join(work, 'lying');
    writeFileSync(lying, readFileSync(server, 'utf8').replace('-m stand_in_server', `-c '${LYING}'`));

    const { code, output } = await withImage(lying, (image) => deploy({ image, recipe: 'none' }));

    expect(code).not.toBe(0);
    expect(output).toContain('does not serve the optimized model: its answers are others than the optimizer\'s');
    expect(output).toMatch(/request 1: the output at \[0, 0\] must be 0\.\d+ within 0\.\d+, got 0\.\d+;/);
    expect(await version()).toBe('1');
  });

  test('a new version, with the server out of an image, replaces the instance, and no request fails meanwhile, nor one of a channel that stays', async () => {
    const { result: overRest, ...grpc } = await predictingOverOneChannel(() => (
      predictingMeanwhile(() => withImage(server, (image) => deploy({ image, recipe: 'none' })))));
    const { result, answered, wrong } = overRest;

    expect({ code: result.code, output: result.code === 0 ? '' : result.output }).toEqual({ code: 0, output: '' });
    expect({ rest: wrong, grpc: grpc.wrong }).toEqual({ rest: [], grpc: [] });
    expect(Math.min(answered, grpc.answered)).toBeGreaterThan(10);
    expect(await version()).toBe('3');
  });

  test('cdk destroy ends the instances', async () => {
    const { code } = await cdk('destroy', { server }, '--force');

    expect(code).toBe(0);
    await expect(emulator.connect(loadBalancer(), 8501)).rejects.toThrow('no listener');
  });
});
