import { mkdirSync, readdirSync, readFileSync } from 'fs';
import { tmpdir } from 'os';
import { basename, join } from 'path';

/** Permissions of a policy. */
export interface Statement {
  readonly Action: string[];
  readonly Resource: string[];
}

/** A stack after a deployment. */
export interface DeployedStack {
  readonly stack: string;
  /** Paths of constructs, by the physical ids of their resources. */
  readonly resources: Record<string, string>;
  /** Statements of policies, by the role's name. */
  readonly allowed: Record<string, Statement[]>;
}

/** A request of a role that IAM has judged. */
export interface JudgedRequest {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly allowed: boolean;
}

/** Recording of one embedded AWS. */
export interface Recording {
  readonly stacks: DeployedStack[];
  readonly requests: JudgedRequest[];
}

/** Directory of the recordings. `npm test` keeps them until its second run is over; otherwise they are temporary files of one run of Jest. */
function directory(): string {
  return process.env.RECORDED_CALLS ?? join(tmpdir(), 'recorded-calls');
}

/** Options of an embedded AWS that records what roles may do, and what they do. */
export function recordedCalls(): string[] {
  mkdirSync(directory(), { recursive: true });
  const test = basename(expect.getState().testPath!, '.test.ts');
  return ['--calls', join(directory(), `${test}-${readdirSync(directory()).length}.jsonl`)];
}

/** Returns what the tests of this run have recorded, by the name of the test. */
export function recordings(): Map<string, Recording> {
  return new Map(readdirSync(directory()).map((name) => [name, parseRecording(readFileSync(join(directory(), name), 'utf8'))]));
}

/** Reads the lines of a file that the embedded AWS has written. A last line without its end is of a request that nobody waited for. */
export function parseRecording(text: string): Recording {
  const lines = text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as DeployedStack | JudgedRequest);
  return { stacks: lines.filter((line) => 'stack' in line), requests: lines.filter((line) => 'action' in line) };
}
