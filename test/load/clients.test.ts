import { Clients, CLIENTS, Phase } from '../../scripts/load/clients';
import { table } from '../../scripts/load/table';

const right = () => undefined;

test('clients send each request once, at most four at a time, and exactly as many as asked', async () => {
  const turns: number[] = [];
  let now = 0;
  let most = 0;
  const clients = new Clients(async (turn) => {
    turns.push(turn);
    most = Math.max(most, ++now);
    await new Promise((done) => setImmediate(done));
    now -= 1;
  });
  const phase = new Phase('the first');

  await clients.fill(phase, 10, right);
  await clients.fill(phase, 25, right);

  expect(turns.sort((turn, other) => turn - other)).toEqual(Array.from({ length: 25 }, (_, turn) => turn));
  expect(most).toBe(CLIENTS);
  expect([phase.requests, phase.failed, phase.latency.count]).toEqual([25, 0, 25]);
});

test('a request without an answer and a wrong answer are failures, the first reasons of which are kept', async () => {
  const clients = new Clients(async (turn) => {
    if (turn % 2 === 1) {
      throw new Error(`reset ${turn}`);
    }
    return turn;
  });
  const phase = new Phase('the first');

  await clients.fill(phase, 12, (_, answer) => (answer === 4 ? 'an answer of another model' : undefined));

  expect(phase.failed).toBe(7);
  expect(phase.failures).toEqual(['reset 1', 'reset 3', 'an answer of another model']);
  expect(phase.latency.count).toBe(6);
});

test('clients that send until something is over end with their last request', async () => {
  let over = false;
  const clients = new Clients(async (turn) => {
    over ||= turn === 9;
  });
  const phase = new Phase('both');

  await clients.send(phase, { over: () => over, pauseMilliseconds: 1 }, right);

  expect(phase.requests).toBeGreaterThanOrEqual(10);
  expect(phase.requests).toBeLessThan(10 + CLIENTS);
});

test('the table has a row for each phase, with a dash for what was not measured', () => {
  const phase = new Phase('the first');
  phase.requests = 4;
  phase.fail('reset');
  [1000, 2000, 40_000].forEach((microseconds) => phase.latency.record(microseconds));

  const lines = table([
    { path: 'function', phase, memory: { processes: 4, first: 102_400, last: 107_520 } },
    { path: 'function', phase: new Phase('both, during the update') },
  ]).split('\n').map((line) => line.replace(/ +/g, ' ').trim());

  expect(lines[0]).toBe('| path | model | requests | failed | p50 ms | p90 ms | p99 ms | max ms | processes | memory first → last MiB |');
  expect(lines[2]).toBe('| function | the first | 4 | 1 | 2.0 | 40.0 | 40.0 | 40.0 | 4 | 100.0 → 105.0 |');
  expect(lines[3]).toBe('| function | both, during the update | 0 | 0 | – | – | – | – | – | – |');
});
