import type { ChildProcess } from 'child_process';
import { spawn } from 'child_process';
import { cpSync } from 'fs';
import { createServer } from 'net';
import { join, resolve } from 'path';

const ROOT = resolve(__dirname, '..', '..').replace(/[\\/]build$/, '');

/** Chooses a port below those that the kernel hands out, so that only another such choice can take it before the server does. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_768);
    const probe = createServer();
    const free = await new Promise<boolean>((done) => probe.once('error', () => done(false)).listen(port, '127.0.0.1', () => done(true)));
    if (free) {
      await new Promise((done) => probe.close(done));
      return port;
    }
  }
}

/** Process that answers at a ModelService and a ModelFleet: the stand-in for TensorFlow Serving, with a model. */
export class StandInServer {
  /** @param savedModel directory of the SavedModel; it is copied to `base`, as version 1 */
  public static async start(model: string, savedModel: string, base: string): Promise<StandInServer> {
    cpSync(savedModel, join(base, '1'), { recursive: true });
    const [grpc, rest] = [await freePort(), await freePort()];
    const python = join(ROOT, '.tools', 'python', 'bin', 'python');
    const flags = [`--port=${grpc}`, `--rest_api_port=${rest}`, `--model_name=${model}`, `--model_base_path=${base}`];
    const child = spawn(python, ['-m', 'stand_in_server', ...flags], {
      env: { ...process.env, PYTHONPATH: join(ROOT, 'lab', 'stand_ins'), TF_CPP_MIN_LOG_LEVEL: '2' }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new StandInServer(child, grpc, rest);
    await server.waitFor(model);
    return server;
  }

  private constructor(private readonly child: ChildProcess, public readonly grpcPort: number, public readonly restPort: number) {
    child.stdout!.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    child.stderr!.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
  }

  private log = '';

  public stop(): void {
    this.child.kill('SIGKILL');
  }

  private async waitFor(model: string): Promise<void> {
    while (this.child.exitCode === null) {
      // Another process that answers at the port is not our server.
      const answer = !this.log.includes('Exporting HTTP/REST API at') ? undefined
        : await fetch(`http://127.0.0.1:${this.restPort}/v1/models/${model}/metadata`).catch(() => undefined);
      if (answer?.ok) {
        return;
      }
      await new Promise((done) => setTimeout(done, 200));
    }
    throw new Error(`the stand-in server ended:\n${this.log}`);
  }
}
