import type { ChildProcess } from 'child_process';
import { spawn } from 'child_process';
import { join } from 'path';
import { createInterface } from 'readline';
import { deliveryDefinition } from '../../lib/delivery/delivery-definition';

const ROOT = join(__dirname, '..', '..');
const [SOURCE, SERVE] = ['/p/source', '/p/serve'];
const OTHER = 'arn:aws:states:eu-west-1:111122223333:execution:delivery:other';
const UPLOADED = { event: true, objectVersion: 'v2' };
/** Timeout in milliseconds: each test has some fifty executions, also on a busy machine. */
const TIMEOUT_MILLISECONDS = 300_000;
/** Upper limit of the requests that an execution makes. */
const MOST_REQUESTS = 100;

const definition = deliveryDefinition({
  partition: 'aws', bucketName: 'uploads', key: 'model.zip', sourceParameterName: SOURCE, serveParameterName: SERVE, tableName: 'Turns',
  reasonFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:reason', stackNames: ['One', 'Two'], pollSeconds: 15,
});

let interpreter: ChildProcess;
let answers: AsyncIterator<string>;

beforeAll(() => {
  interpreter = spawn(join(ROOT, '.tools', 'emulator', 'bin', 'python'), [join(__dirname, 'run_definition.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  answers = createInterface({ input: interpreter.stdout! })[Symbol.asyncIterator]();
});

afterAll(() => interpreter.stdin!.end());

async function run(input: object, world: object): Promise<any> {
  const given = { newest: 'v2', parameters: { [SOURCE]: 'v1', [SERVE]: 'built' }, stacks: { One: ['UPDATE_COMPLETE'], Two: ['UPDATE_COMPLETE'] }, ...world };
  interpreter.stdin!.write(`${JSON.stringify({ definition, input, world: given })}\n`);
  const { value, done } = await answers.next();
  expect(done).toBe(false);
  return JSON.parse(value);
}

/** Returns the state that an ended execution leaves for the next: its turn is another execution's. */
function leftBy({ item, parameters, stacks, serving }: any): object {
  return { item: { ...item, ...item.Owner && { Owner: { S: OTHER } } }, executions: { [OTHER]: ['ABORTED'] }, parameters, stacks, serving };
}

/** The executions of one delivery that were ended before its first request, before its second, and so on. */
async function interrupted(world: object): Promise<any[]> {
  const all = [];
  for (let requests = 0; requests < MOST_REQUESTS; requests++) {
    const execution = await run(UPLOADED, { ...world, interruptAfter: requests });
    if (execution.status !== 'ABORTED') {
      return all;
    }
    all.push(execution);
  }
  throw new Error(`an execution makes more than ${MOST_REQUESTS} requests`);
}

// Injects a fault.
test('a delivery that is stopped before any of its requests is delivered by the next execution', async () => {
  const all = await interrupted({});

  expect(all.length).toBeGreaterThan(15);
  for (const execution of all) {
    const next = await run({}, leftBy(execution));
    expect(next).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'DELIVERED', objectVersion: 'v2' }, parameters: { [SOURCE]: 'v2', [SERVE]: 'built' } });
    expect(next.item).not.toHaveProperty('Owner');
    expect(next.item).not.toHaveProperty('PreviousSource');
  }
}, TIMEOUT_MILLISECONDS);

// Injects a fault.
test('a delivery that is stopped while it restores leaves the parameters of what served to the next one', async () => {
  const all = await interrupted({ updates: { Two: ['back'] } });

  expect(all.length).toBeGreaterThan(15);
  for (const execution of all) {
    const next = await run({}, { ...leftBy(execution), updates: { Two: ['back'] } });
    expect(next).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'ROLLED_BACK' }, parameters: { [SOURCE]: 'v1', [SERVE]: 'built' } });
    expect(next.item).not.toHaveProperty('Owner');
  }
}, TIMEOUT_MILLISECONDS);

// Injects a fault.
test('a refused model after a delivery that was stopped leaves all stacks at what served before, or at what was delivered', async () => {
  for (const execution of await interrupted({})) {
    const next = await run({ event: true, objectVersion: 'v3' }, { ...leftBy(execution), newest: 'v3', updates: { One: ['back'] } });

    expect(next.output.outcome).toBe('ROLLED_BACK');
    expect(next.serving).toEqual({ One: next.parameters, Two: next.parameters });
    expect(next.parameters[SOURCE]).toBe(execution.events.length > 0 || execution.item.PreviousSource?.S === 'v2' ? 'v2' : 'v1');
  }
}, TIMEOUT_MILLISECONDS);

// Injects a fault.
test('a delivery that is stopped after it has told that it was rolled back is not repeated by an event that comes twice', async () => {
  const all = (await interrupted({ updates: { Two: ['back'] } })).filter(({ events }) => events.length > 0);

  expect(all.length).toBeGreaterThan(0);
  for (const execution of all) {
    expect(await run(UPLOADED, leftBy(execution))).toMatchObject({ output: { outcome: 'SUPERSEDED' }, calls: [], parameters: { [SOURCE]: 'v1' } });
  }
}, TIMEOUT_MILLISECONDS);
