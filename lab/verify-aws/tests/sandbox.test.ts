import { spawnSync } from 'child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import type { Stack } from 'aws-cdk-lib';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SANDBOX } from '../../../lib/fleet/systemd-unit';
import type { Account } from '../account';
import { Checks } from '../checks';
import { sandbox, sandboxStack, SANDBOX_STACK } from '../trials/sandbox';

const SCRIPT = resolve(__dirname, '..', 'trials', 'sandbox.sh');

/**
 * Runs the script where systemctl and curl are programs that read the unit: the server serves unless it contains one of these lines, or never.
 * Returns the last line of the result that reaches the bucket.
 */
function examined(refused: RegExp | 'always'): string {
  const work = mkdtempSync(join(tmpdir(), 'sandbox-'));
  const bin = join(work, 'bin');
  const bucket = join(work, 'bucket');
  mkdirSync(bin);
  mkdirSync(join(bucket, 'shared'), { recursive: true });
  writeFileSync(join(bucket, 'manifest.json'), '{"server": {"key": "shared/program"}}');
  writeFileSync(join(bucket, 'shared', 'program'), 'program');
  writeFileSync(join(work, 'unit'), `[Service]\nExecStart=server\n${SANDBOX}\n`);
  writeFileSync(join(work, 'settings'), `${SANDBOX}\n`);
  const program = (name: string, text: string) => {
    writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  // cp and sync of one S3 URL and one path, in either direction.
  program('aws', `[ "$2" = sync ] && exit 0; shift 3; exec cp "\${1/#s3:\\/\\/models/${bucket}}" "\${2/#s3:\\/\\/models/${bucket}}"`);
  program('systemctl', 'exit 0');
  program('journalctl', 'echo a line of the journal');
  program('sleep', 'exit 0');
  program('curl', refused === 'always' ? 'exit 22' : `! grep -qxE '${refused.source}' ${work}/model-server.service`);
  mkdirSync(join(work, 'models'));
  const { status, stderr } = spawnSync('bash', [SCRIPT], {
    encoding: 'utf8',
    env: {
      PATH: `${bin}:${process.env.PATH}`, BUCKET: 'models', MANIFEST_KEY: 'manifest.json', RESULT_KEY: 'result', RESULT: join(work, 'result'), PATIENCE: '1',
      PROGRAM: join(work, 'program'), MODELS: join(work, 'models'), UNIT: join(work, 'unit'), UNITS: work, SANDBOX: join(work, 'settings'),
    },
  });
  try {
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return readFileSync(join(bucket, 'result'), 'utf8').trim().split('\n').at(-1)!;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

test.each<[string, RegExp | 'always', string]>([
  ['a program that serves', /no such line/, 'serves'],
  ['one setting that keeps it from serving', /ProtectProc=invisible/, 'serves without any of: ProtectProc'],
  ['a setting of two lines', /SystemCallFilter=~@privileged/, 'serves without any of: SystemCallFilter'],
  ['two settings', /ProtectProc=invisible|PrivateDevices=yes/, 'serves without the sandbox only: several settings keep it from serving'],
  ['a program that never serves', 'always', 'does not serve without the sandbox either'],
])('the script names %s', (_, refused, result) => {
  expect(examined(refused)).toBe(result);
});

test('the trial has one instance, whose user data EC2 takes, and which writes its result alone', () => {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  sandboxStack(app, { model: 'examples/digits/saved_model' });
  const template = Template.fromStack(app.node.findChild(SANDBOX_STACK) as Stack);
  const [{ Properties }] = Object.values(template.findResources('AWS::EC2::Instance'));
  const text = JSON.stringify(Properties.UserData);

  expect(text).toContain('sandbox.sh');
  expect(text.length).toBeLessThan(16_384);
  template.resourceCountIs('AWS::EC2::NatGateway', 0);
});

test.each([['serves\n', true], ['a line\nserves without any of: ProtectProc\n', false]])('the report has what the instance found: %j', async (result, held) => {
  const lines: string[] = [];
  const account = { deploy: () => Promise.resolve({ code: 0, output: '' }), outputs: () => ({ ArtifactBucket: 'models' }), text: () => Promise.resolve(result) };
  await sandbox({ account: account as unknown as Account, checks: new Checks((line) => lines.push(line.trim())), region: 'eu-west-1' });
  expect(lines[1]).toContain(`${held ? '✓' : '✗'} it serves under the sandbox of the unit: `);
  expect(lines[1]).toContain(result.trim().split('\n').at(-1));
});
