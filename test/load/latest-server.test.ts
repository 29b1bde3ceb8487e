import type { DemoPath } from '../../scripts/demo/path';
import type { DemoRun } from '../../scripts/demo/run';
import type { StackOutputs } from '../../scripts/demo/stack-outputs';
import { LatestServer } from '../../scripts/load/latest-server';

const connecting = (connect: () => Promise<string>) => ({
  connect: async () => {
    const name = await connect();
    return { request: async () => ({ status: 200, body: name }) };
  },
}) as unknown as DemoPath;
const start = (path: DemoPath) => LatestServer.connect(path, {} as DemoRun, {} as StackOutputs);
const asked = async (server: LatestServer) => (await server.request('GET', '/')).body;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('requests go to the servers of the newest list, which is renewed each second', async () => {
  let made = 0;
  const server = await start(connecting(async () => `list ${++made}`));
  expect(await asked(server)).toBe('list 1');

  await jest.advanceTimersByTimeAsync(1000);
  expect(await asked(server)).toBe('list 2');

  await server.close();
  await jest.advanceTimersByTimeAsync(5000);
  expect(made).toBe(2);
});

test('a list that cannot be had leaves the one before, and does not end the clients', async () => {
  let made = 0;
  const server = await start(connecting(async () => {
    if (++made > 1) {
      throw new Error('no pod is ready');
    }
    return 'list 1';
  }));

  await jest.advanceTimersByTimeAsync(3000);

  expect(made).toBe(4);
  expect(await asked(server)).toBe('list 1');
  await server.close();
});
