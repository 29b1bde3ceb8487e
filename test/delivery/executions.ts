import type { ChildProcess } from 'child_process';
import { spawn } from 'child_process';
import { readFileSync } from 'fs';
import { join } from 'path';
import { createInterface } from 'readline';
import Ajv from 'ajv/dist/2020';
import { deliveryDefinition } from '../../lib/delivery/delivery-definition';

const ROOT = join(__dirname, '..', '..');
export const [SOURCE, SERVE] = ['/p/source', '/p/serve'];

export const withPolls = (pollSeconds: number, stackNames = ['One', 'Two']) => deliveryDefinition({
  partition: 'aws',
  bucketName: 'uploads',
  key: 'model.zip',
  sourceParameterName: SOURCE,
  serveParameterName: SERVE,
  tableName: 'Turns',
  reasonFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:reason',
  stackNames,
  pollSeconds,
}) as any;
export const definition = withPolls(15);

export const IDLE = { One: ['UPDATE_COMPLETE'], Two: ['CREATE_COMPLETE'] };
export const ME = 'arn:aws:states:eu-west-1:111122223333:execution:delivery:me';
export const MANIFEST = { bucket: 'artifacts', manifestKey: 'm/litert/3/manifest.json', manifestSha256: 'a'.repeat(64) };

const isDetail = new Ajv().compile(JSON.parse(readFileSync(join(ROOT, 'runtime/model_delivery/src/model_delivery/event.schema.json'), 'utf8')));

let interpreter: ChildProcess | undefined;
let answers: AsyncIterator<string>;

/** Starts one interpreter for all test files: hooks of a shared module would belong to the first file alone. It ends with its input. */
function started(): ChildProcess {
  if (!interpreter) {
    interpreter = spawn(join(ROOT, '.tools', 'emulator', 'bin', 'python'), [join(__dirname, 'run_definition.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
    answers = createInterface({ input: interpreter.stdout! })[Symbol.asyncIterator]();
  }
  return interpreter;
}

/** Runs one execution in a world of its own, in which version 1 serves and version 2 was uploaded. */
export async function run(input: object, world: object = {}, asked = definition): Promise<any> {
  const given = { newest: 'v2', parameters: { [SOURCE]: 'v1', [SERVE]: 'built' }, stacks: IDLE, ...world };
  started().stdin!.write(`${JSON.stringify({ definition: asked, input, world: given })}\n`);
  const { value, done } = await answers.next();
  expect(done).toBe(false);
  const result = JSON.parse(value);
  expect(result.events.filter(({ detail }: any) => !isDetail(detail))).toEqual([]);
  return result;
}

export const event = (objectVersion = 'v2') => ({ event: true, objectVersion });
export const updates = (result: any) => result.calls.filter(([what]: string[]) => what === 'update').map(([, name]: string[]) => name);
