import type { ServiceOutputs } from '../e2e/deployed-service';
import { serviceOutputs } from '../e2e/deployed-service';
import { Deployment } from '../e2e/deployment';
import type { CommandResult } from '../emulator/client/embedded-aws';
import { Cluster } from './cluster';

/** The name of app.ts's stack. */
const STACK = 'Nodes';

/** The service of app.ts on real nodes, which the tests of a file share. */
export class SharedService {
  public deployment!: Deployment;
  /** Cluster of the service, known after `deployFirst`, as is the address. */
  public cluster!: Cluster;
  /** Address on this machine at which clients reach the service. */
  public address!: string;

  /** Starts the embedded AWS. */
  public async start(): Promise<void> {
    this.deployment = await Deployment.start('lab/nodes/app.ts', ['--nodes', 'real']);
  }

  /** Deploys with values of the app's context, and returns how that ended. */
  public deploy(context: Record<string, string>): Promise<CommandResult> {
    return this.deployment.deploy(STACK, context);
  }

  /** Deploys for the first time. Fails with what the command printed if it does not succeed. */
  public async deployFirst(context: Record<string, string>): Promise<void> {
    expectSuccess(await this.deploy(context));
    this.cluster = await Cluster.of(this.deployment, this.outputs());
    this.address = await this.cluster.address();
  }

  /** Outputs of the last deployment that succeeded. */
  public outputs(): ServiceOutputs {
    return serviceOutputs(this.deployment, STACK);
  }

  /** CloudFormation's status of the stack. */
  public status(): Promise<string | undefined> {
    return this.deployment.status(STACK);
  }
}

/** Makes Jest start the embedded AWS before a file's tests, and stop it after them. */
export function sharedService(): SharedService {
  const service = new SharedService();
  beforeAll(() => service.start());
  afterAll(() => service.deployment?.stop());
  return service;
}

/** Fails with what a command printed, unless it has succeeded. */
export function expectSuccess({ code, output }: CommandResult): void {
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
}
