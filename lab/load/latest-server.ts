import type { DemoPath } from '../demo/path';
import type { DemoRun } from '../demo/run';
import type { Answer, Server } from '../demo/server';
import type { StackOutputs } from '../demo/stack-outputs';

const REFRESH_MILLISECONDS = 1000;

/** A path's server, by a list of its addresses that is never older than about a second, as a client behind a load balancer has it. */
export class LatestServer {
  public static async connect(path: DemoPath, run: DemoRun, outputs: StackOutputs): Promise<LatestServer> {
    return new LatestServer(await path.connect(run, outputs), () => path.connect(run, outputs));
  }

  private readonly timer: NodeJS.Timeout;
  private refreshing = Promise.resolve();

  private constructor(private server: Server, connect: () => Promise<Server>) {
    let busy = false;
    this.timer = setInterval(() => {
      if (busy) {
        return;
      }
      busy = true;
      // The list from before stays where there is no new one; a request that then fails is counted.
      this.refreshing = connect().then((server) => { this.server = server; }, () => undefined).finally(() => { busy = false; });
    }, REFRESH_MILLISECONDS);
  }

  public request(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.server.request(method, path, body);
  }

  public async close(): Promise<void> {
    clearInterval(this.timer);
    await this.refreshing;
  }
}
