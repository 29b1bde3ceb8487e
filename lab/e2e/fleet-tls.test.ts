import { execFileSync } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { request } from 'https';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { connect } from 'tls';
import { credentials } from '@grpc/grpc-js';
import { accuracy, byGrpc, HELD_OUT, likeliest } from './digits';
import { eventually } from './eventually';
import { FleetDeployment } from './fleet-deployment';
import { callAction } from './requests';

const ROOT = resolve(__dirname, '..', '..');
const IMAGES = HELD_OUT.map(({ image }) => image);

let fleet: FleetDeployment;
let directory: string;
/** All certificates that were issued, as PEM. */
const issued: string[] = [];

const secrets = (action: string, parameters: object) => callAction(fleet.emulator, 'secretsmanager', `secretsmanager.${action}`, parameters);

/** Issues another certificate of localhost. Returns the value of a secret with it. */
function issue(name: string): string {
  execFileSync(join(ROOT, '.tools/python/bin/python'), [join(ROOT, 'server/tests/server/certificates.py'), directory, name]);
  const [certificate, privateKey] = ['tls.crt', 'tls.key'].map((file) => readFileSync(join(directory, file), 'utf8'));
  issued.push(certificate);
  return JSON.stringify({ certificate, privateKey });
}

/** Decides digits over a new connection whose certificate has to be one of the issued. */
async function decisions(images: number[][][][]): Promise<number[]> {
  const [host, port] = (await fleet.connect(8501)).split(':');
  const body = await new Promise<string>((answered, failed) => {
    const sent = request({ host, port, ca: issued, servername: 'localhost', method: 'POST', path: '/v1/models/digits:predict', agent: false }, (answer) => {
      answer.setEncoding('utf8').toArray().then((parts) => answered(parts.join('')), failed);
    });
    sent.on('error', failed).end(JSON.stringify({ instances: images }));
  });
  return (JSON.parse(body) as { predictions: number[][] }).predictions.map(likeliest);
}

/** Returns the certificate of a new connection to a port, as PEM. */
async function served(port: number, protocol: string): Promise<string> {
  const [host, connected] = (await fleet.connect(port)).split(':');
  return new Promise((answered, failed) => {
    const socket = connect({ host, port: Number(connected), ca: issued, servername: 'localhost', ALPNProtocols: [protocol] }, () => {
      answered(socket.getPeerX509Certificate()!.toString());
      socket.end();
    });
    socket.on('error', failed);
  });
}

beforeAll(async () => {
  fleet = await FleetDeployment.start();
  directory = mkdtempSync(join(tmpdir(), 'cdk-tensorflow-certificates-'));
});

afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await fleet?.stop();
});

// Instances of the embedded AWS need root.
(process.getuid?.() === 0 ? describe : describe.skip)('ModelFleet with a certificate in Secrets Manager, deployed by the CDK command line', () => {
  test('encrypts up to the model, on both ports of the load balancer', async () => {
    const { ARN: secret } = await secrets('CreateSecret', { Name: 'digits/tls', SecretString: issue('first') });

    const { code, output } = await fleet.deploy({ server: 'litert', secret });

    expect({ code, output: code === 0 ? '' : `${output}\n${fleet.emulator.log().slice(-5000)}` }).toEqual({ code: 0, output: '' });
    expect(accuracy(await decisions(IMAGES))).toBeGreaterThan(0.95);
    const channel = credentials.createSsl(Buffer.from(issued[0]));
    expect(accuracy(await byGrpc(await fleet.connect(8500), 'digits', (decide) => Promise.all(IMAGES.map(decide)), channel))).toBeGreaterThan(0.95);
    expect([await served(8501, 'http/1.1'), await served(8500, 'h2')]).toEqual([issued[0], issued[0]]);
    await expect(fleet.version()).rejects.toThrow();
  });

  test('serves a rotated certificate without a restart and without a failed request', async () => {
    const before = await fleet.instances();
    const { answered, wrong } = await fleet.predictingMeanwhile(async () => {
      await secrets('PutSecretValue', { SecretId: 'digits/tls', SecretString: issue('second') });
      await eventually(async () => expect([await served(8501, 'http/1.1'), await served(8500, 'h2')]).toEqual([issued[1], issued[1]]));
    }, async (image) => (await decisions([image]))[0]);

    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(0);
    expect(await fleet.instances()).toEqual(before);
  });

  // Injects a fault.
  test('goes on with the certificate before if the next value is none', async () => {
    await secrets('PutSecretValue', { SecretId: 'digits/tls', SecretString: JSON.stringify({ certificate: 'none', privateKey: 'none' }) });
    await new Promise((done) => setTimeout(done, 3000));

    expect(await served(8501, 'http/1.1')).toBe(issued[1]);
    expect(accuracy(await decisions(IMAGES))).toBeGreaterThan(0.95);
  });
});
