import { execFile } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { promisify } from 'util';

const ROOT = resolve(__dirname, '..', '..', '..');
const run = promisify(execFile);
const tsx = (script: string, args: string[], env: Record<string, string> = {}) => run(
  process.execPath, [join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs'), join(ROOT, 'lab', 'verify-aws', script), ...args],
  { cwd: ROOT, env: { ...process.env, ...env } },
);

let out: string;

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'verify-aws-app-'));
});

afterAll(() => rmSync(out, { recursive: true, force: true }));

test.each([
  [undefined, /tensorflow_model_server|tensorflow\/serving/, /litert_library/],
  ['litert', /litert_library/, /tensorflow_model_server|tensorflow\/serving/],
])('with server %s pods and instances run that server', async (server, expected, other) => {
  const context = { ...JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')).context, 'aws:cdk:bundling-stacks': [], ...server && { server } };

  await tsx('app.ts', [], { CDK_CONTEXT_JSON: JSON.stringify(context), CDK_OUTDIR: out });

  for (const stack of ['VerifyService', 'VerifyFleet']) {
    const template = readFileSync(join(out, `${stack}.template.json`), 'utf8');
    expect(template).toMatch(expected);
    expect(template).not.toMatch(other);
  }
}, 180_000);

test('an unknown server ends it before anything is asked of an account', async () => {
  await expect(tsx('main.ts', ['--server', 'triton'])).rejects.toMatchObject({
    stderr: expect.stringContaining('--server must be one of tensorflow_serving, litert, got "triton"'),
  });
});
