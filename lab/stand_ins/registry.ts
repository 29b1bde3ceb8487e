import type { ChildProcess } from 'child_process';
import { spawn } from 'child_process';
import { once } from 'events';
import { join, resolve } from 'path';
import { createInterface } from 'readline';

const ROOT = resolve(__dirname, '..', '..').replace(/[\\/]build$/, '');

/** A registry on this machine with one image that holds a program as tensorflow_model_server, for `ServingBinary.fromImage`. */
export class StandInRegistry {
  public static async start(program: string): Promise<StandInRegistry> {
    const child = spawn(join(ROOT, '.tools', 'python', 'bin', 'python'), ['-m', 'stand_in_registry', '--program', program], {
      env: { ...process.env, PYTHONPATH: join(ROOT, 'lab', 'stand_ins') }, stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    const [image] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(([code]) => Promise.reject(new Error(`the registry ended with ${code}`)))]) as [string];
    return new StandInRegistry(child, image);
  }

  private constructor(private readonly child: ChildProcess, public readonly image: string) {}

  public async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
  }
}
