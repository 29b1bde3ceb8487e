import { once } from 'events';
import type { AddressInfo } from 'net';
import { createServer } from 'net';
import { deliveryCommand } from '../../cli/delivery/command';
import { preflightCommand } from '../../cli/preflight/command';

const WAY_OUT = /look whether the Region exists, and whether this machine reaches it directly: this command uses no proxy/i;
const environment = { ...process.env };

let printed: string;

beforeEach(async () => {
  // Nobody listens there any more.
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_EC2_METADATA_DISABLED: 'true',
  });
  // No pause between attempts.
  jest.spyOn(Math, 'random').mockReturnValue(0);
  printed = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});

afterEach(() => {
  jest.restoreAllMocks();
  process.env = { ...environment };
});

test('preflight names the network where nothing answers, and not the credentials', async () => {
  expect(await preflightCommand([])).toBe(1);
  expect(printed).toMatch(/GetCallerIdentity: 127.0.0.1:\d+ did not answer/);
  expect(printed).toMatch(WAY_OUT);
  expect(printed).not.toContain('--profile');
});

test.each([
  ['--stack', 'Delivery'], ['--state-machine', 'arn:aws:states:eu-west-1:111122223333:stateMachine:Digits'],
])('delivery with %s names the network where nothing answers', async (...which) => {
  await expect(deliveryCommand(['status', ...which])).rejects.toThrow(WAY_OUT);
});
