/** A published version that a stack serves. */
export interface Version {
  readonly stack: string;
  readonly model: string;
  readonly bucket: string;
  readonly manifestKey: string;
  readonly manifestSha256: string;
}

/** Returns the number of a version, from the key of its manifest. */
export function numberOf({ manifestKey }: Version): string {
  return manifestKey.split('/').at(-2)!;
}

/** The delivery, as its state machine's definition says it. */
export interface Settings {
  readonly bucket: string;
  readonly key: string;
  readonly stackNames: readonly string[];
  readonly sourceParameterName: string;
  readonly serveParameterName: string;
}

/** An execution of the state machine. */
export interface Delivery {
  readonly id: string;
  readonly arn: string;
  /**
   * `WAITING` for the first deployment of its stacks. `REFUSED` by the gate, and the version before is kept. `SUPERSEDED` ones had nothing to do. `FAILED`
   * needs a person.
   */
  readonly outcome: 'RUNNING' | 'DELIVERED' | 'REFUSED' | 'WAITING' | 'ROLLED_BACK' | 'SUPERSEDED' | 'FAILED';
  readonly started: Date;
  readonly ended?: Date;
  /** Object version of the upload; empty where an execution did not get so far. */
  readonly objectVersion: string;
  /** `built`, or the published versions that were asked for, as JSON. */
  readonly serve: string;
  readonly reason: string;
  readonly before: readonly Version[];
  readonly live: readonly Version[];
  /** Names of the stacks that were never deployed. */
  readonly skipped: readonly string[];
}

/** A stack that serves. */
export interface ServingStack {
  readonly name: string;
  /** Undefined if it was never deployed. */
  readonly status?: string;
  readonly updated?: Date;
  readonly versions: readonly Version[];
}

export interface Upload {
  readonly objectVersion: string;
  readonly uploaded: Date;
}

interface DescribedExecution {
  readonly executionArn: string;
  readonly name: string;
  readonly status: string;
  /** Seconds since 1970. */
  readonly startDate: number;
  readonly stopDate?: number | null;
  readonly output?: string | null;
  readonly error?: string;
  readonly cause?: string;
}

/** Reads an execution from Step Functions' answer. */
export function deliveryOf(execution: DescribedExecution): Delivery {
  const output = execution.output ? JSON.parse(execution.output) as Partial<Delivery> : {};
  const ended = execution.stopDate ? new Date(execution.stopDate * 1000) : undefined;
  const { skipped = [], live = [] } = output;
  const succeeded = output.outcome === 'DELIVERED' && live.length === 0 && skipped.length > 0 ? 'WAITING' : output.outcome ?? 'FAILED';
  return {
    id: execution.name,
    arn: execution.executionArn,
    outcome: execution.status === 'RUNNING' ? 'RUNNING' : execution.status === 'SUCCEEDED' ? succeeded : 'FAILED',
    started: new Date(execution.startDate * 1000),
    ended,
    objectVersion: output.objectVersion ?? '',
    serve: output.serve ?? 'built',
    reason: succeeded === 'WAITING' ? `for the first deployment of ${skipped.join(', ')}, which builds the upload` : output.reason ?? '',
    before: output.before ?? [],
    live,
    skipped,
    ...execution.status === 'SUCCEEDED' || execution.status === 'RUNNING' ? {} : { reason: execution.cause || execution.error || `ended as ${execution.status}` },
  };
}

/** Reads a delivery's settings from a definition; undefined for another state machine. */
export function settingsOf(definition: string): Settings | undefined {
  const { States: states } = JSON.parse(definition) as { States?: { Ask?: { Assign?: { settings?: Settings & { schemaVersion: number } } } } };
  const settings = states?.Ask?.Assign?.settings;
  if (settings !== undefined && settings.schemaVersion !== 1) {
    throw new Error(`the delivery was deployed by a newer library (schema ${settings.schemaVersion}): use the command line of that version, npx cdk-tensorflow@latest`);
  }
  return settings;
}

/** Reads which versions of a delivery a stack serves from its outputs. */
export function versionsOf(stack: string, outputs: { OutputKey?: string; OutputValue?: string }[], { serveParameterName }: Settings): Version[] {
  return outputs.filter(({ OutputKey }) => OutputKey?.includes('DeliveredModel')).flatMap(({ OutputValue = '' }) => {
    if (!OutputValue.includes(serveParameterName)) {
      return [];
    }
    const { delivery, ...version } = JSON.parse(OutputValue) as Omit<Version, 'stack'> & { delivery: string };
    return delivery === serveParameterName ? [{ stack, ...version }] : [];
  });
}
