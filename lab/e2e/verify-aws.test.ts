import type { ChildProcess } from 'child_process';
import { spawn } from 'child_process';
import { once } from 'events';
import { join } from 'path';
import { EmbeddedAws } from '../emulator/client/embedded-aws';
import { ROOT } from './deployment';

// `npm run verify:aws -- --yes` with all that can run on the embedded AWS: its own steps work before somebody pays for them.

const LIMIT = 7_200_000;

let emulator: EmbeddedAws | undefined;
let program: ChildProcess | undefined;
let code: number | null;
let output = '';

// Needs root, without which no fleet is deployed.
(process.getuid?.() === 0 ? describe : describe.skip)('npm run verify:aws on the embedded AWS', () => {
  beforeAll(async () => {
    // A minute of a traffic shift takes a second.
    emulator = await EmbeddedAws.start(['--shift-scale', '0.017']);
    await emulator.bootstrap();
    program = spawn(join(ROOT, 'node_modules', '.bin', 'tsx'), [join('lab', 'verify-aws', 'main.ts'), '--yes', '--server', 'litert'], {
      cwd: ROOT, env: { ...process.env, ...emulator.environment }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    };
    program.stdout!.on('data', take);
    program.stderr!.on('data', take);
    [code] = await once(program, 'close');
  }, LIMIT);

  afterAll(async () => {
    program?.kill();
    await emulator?.stop();
  });

  test('has no check that fails, and leaves no stack', () => {
    expect(output.split('\n').filter((line) => line.includes('✗'))).toEqual([]);
    expect(code).toBe(0);
    expect(output).not.toContain('still exists');
  });

  test('runs every part but those that it names with a reason', () => {
    const parts = [...output.matchAll(/^### (\w+)$/gm)].map(([, part]) => part);
    const leftOut = [...output.matchAll(/^(\w+)\n {2}left out of the embedded AWS: \w/gm)].map(([, part]) => part);

    expect(parts).toEqual(['delivery', 'traffic', 'capture', 'function', 'fleet']);
    expect(leftOut).toEqual(['arm64', 'service']);
  });
});
