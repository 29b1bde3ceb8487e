import { mkdirSync, rmSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { ROOT } from '../../../scripts/repository';
import { ask, standingEndpoint } from '../../stand_ins/endpoint';
import { openPages } from '../open';

const REPORT = join('.demo', `report-of-${process.pid}.html`);

test('a page is served for each deployed model, with its report, and asks the model at its place with the credentials of that place', async () => {
  mkdirSync(dirname(join(ROOT, REPORT)), { recursive: true });
  writeFileSync(join(ROOT, REPORT), '<p>the report');
  const emulator = await standingEndpoint(() => ({ body: '{"predictions": []}' }));
  const signing = { service: 'lambda', region: 'us-east-1' } as const;
  const instead = { host: '127.0.0.1', port: emulator.port, credentials: { accessKeyId: 'of-the-emulator', secretAccessKey: 'secret' } };

  const printed = await openPages([
    { path: { title: 'AWS Lambda, LiteRT' }, server: { address: { endpoint: { url: 'https://abc.lambda-url.us-east-1.on.aws', signing }, instead } }, figures: { model: 'digits', report: REPORT } },
    { path: { title: 'Amazon EC2, LiteRT server' }, server: { address: { endpoint: { url: emulator.url } } }, figures: { model: 'digits', report: REPORT } },
  ], '<p>the page');
  rmSync(join(ROOT, REPORT));

  const addresses = [...printed.matchAll(/^ {4}(http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/) {3}(.*)$/gm)].map(([, address, title]) => ({ address, title }));
  expect(addresses.map(({ title }) => title)).toEqual(['AWS Lambda, LiteRT', 'Amazon EC2, LiteRT server']);
  for (const { address } of addresses) {
    const base = new URL(address).pathname;
    expect((await ask(address, base)).body.toString()).toBe('<p>the page');
    expect((await ask(address, `${base}report.html`)).body.toString()).toBe('<p>the report');
    expect(JSON.parse((await ask(address, `${base}endpoint.json`)).body.toString())).toMatchObject({ model: 'digits', report: 'report.html' });
    expect((await ask(address, `${base}v1/models/digits:predict`, { method: 'POST', body: '{}' })).status).toBe(200);
  }
  expect(emulator.received.map(({ headers }) => headers.host)).toEqual(['abc.lambda-url.us-east-1.on.aws', `127.0.0.1:${emulator.port}`]);
  expect(emulator.received[0].headers.authorization).toContain('Credential=of-the-emulator/');
  expect(emulator.received[1].headers).not.toHaveProperty('authorization');
  await emulator.close();
});
