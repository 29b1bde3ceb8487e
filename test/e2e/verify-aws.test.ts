import { spawn } from 'child_process';
import { join } from 'path';
import { EmbeddedAws } from '../../emulator/client/embedded-aws';
import { ROOT } from './deployment';

// The program that verifies an account of AWS, on the embedded AWS: all of it that can run there. It judges nothing of
// the library that other tests do not; it shows that its own steps work, before somebody pays for them.

let emulator: EmbeddedAws;
let code: number | null;
let output = '';

// Without root no fleet is deployed.
(process.getuid?.() === 0 ? describe : describe.skip)('npm run verify:aws on the embedded AWS', () => {
  beforeAll(async () => {
    // A minute of a traffic shift takes a second.
    emulator = await EmbeddedAws.start(['--shift-scale', '0.017']);
    await emulator.bootstrap();
    const program = spawn(join(ROOT, 'node_modules', '.bin', 'tsx'), [join('scripts', 'verify-aws', 'main.ts'), '--yes', '--server', 'litert'], {
      cwd: ROOT, env: { ...process.env, ...emulator.environment }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (chunk: Buffer) => (output += chunk.toString());
    program.stdout.on('data', take);
    program.stderr.on('data', take);
    code = await new Promise((done) => program.on('close', done));
  }, 3_000_000);

  afterAll(() => emulator?.stop());

  test('has no check that fails, and leaves no stack', () => {
    expect(output.split('\n').filter((line) => line.includes('✗'))).toEqual([]);
    expect({ code, output: code === 0 ? '' : output.slice(-5000) }).toEqual({ code: 0, output: '' });
    expect(output).not.toContain('still exists');
  });

  test('runs every part but those that it names with a reason', () => {
    const parts = [...output.matchAll(/^### (\w+)$/gm)].map(([, part]) => part);
    const leftOut = [...output.matchAll(/^(\w+)\n {2}left out of the embedded AWS: \w/gm)].map(([, part]) => part);

    expect(parts).toEqual(['delivery', 'traffic', 'capture', 'function', 'fleet']);
    expect(leftOut).toEqual(['arm64', 'service']);
  });
});
