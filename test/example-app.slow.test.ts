import { execFile } from 'child_process';
import { mkdtempSync, readdirSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { promisify } from 'util';

const ROOT = resolve(__dirname, '..');
const run = promisify(execFile);

test('the example app is synthesized by the CDK command line with its validator on, and cfn-lint finds nothing', async () => {
  const output = mkdtempSync(join(tmpdir(), 'example-app-'));
  const environment: NodeJS.ProcessEnv = { ...process.env, CDK_DISABLE_CLI_TELEMETRY: 'true' };
  delete environment.CDK_VALIDATION;
  try {
    const synthesized = await run(process.execPath, [join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'), 'synth', '-q', '--output', output], {
      cwd: ROOT, env: environment,
    });
    expect(synthesized.stderr).not.toMatch(/\[Error|validation failed/i);
    const templates = readdirSync(output).filter((file) => file.endsWith('.template.json'));
    expect(templates).toEqual(expect.arrayContaining(['FunctionStack.template.json', 'ServiceStack.template.json', 'FleetStack.template.json']));
    // W3005: the CDK writes dependencies that a reference implies already.
    const linted = await run(join(ROOT, '.tools', 'python', 'bin', 'cfn-lint'), ['--ignore-checks', 'W3005', '--', ...templates.map((file) => join(output, file))])
      .catch((error: { stdout: string }) => error);
    expect(linted.stdout).toBe('');
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}, 300_000);
