import { existsSync } from 'fs';
import { resolve } from 'path';
import { parseArgs } from 'util';
import type { PathName } from './path-name';
import { PATH_NAMES } from './path-name';

/** What the user asked the demo for. */
export interface DemoOptions {
  /** Model to deploy; the digits example when absent. */
  readonly model?: string;
  /** Evaluation data of that model. */
  readonly data?: string;
  readonly inputShapes: Record<string, number[]>;
  /** The paths to show, in this order. */
  readonly paths: readonly PathName[];
  /** Prices that replace ours, as JSON. */
  readonly prices?: string;
  readonly keep: boolean;
  /** Whether a path that this machine cannot show is an error, and not left out. */
  readonly strict: boolean;
  readonly json?: string;
}

export const USAGE = `Usage: npm run demo -- [options]

Deploys a model to an AWS that runs inside this repository, and asks it for predictions.

  --model PATH              a model of your own: a SavedModel directory, .keras, .h5 or .tflite file
  --data FILE               its evaluation data: .npz with one array per input and \`labels\`, or .jsonl
  --input-shape NAME=SHAPE  the whole shape of an input with unknown dimensions, e.g. audio=1,16000 (repeatable)
  --path PATH               ${[...PATH_NAMES, 'all'].join(', ')}; function when absent. all shows them side by side
  --prices FILE             prices of your own for the costs of --path all, as in scripts/demo/prices.json
  --keep                    leave everything running and print how to talk to it
  --strict                  a path that this machine cannot show is an error, and not left out
  --json FILE               write all figures there
  --help                    this text

Each build installs TensorFlow, from the cache of uv where it is there. Without a network set UV_OFFLINE=1, once the demo has run with one.
`;

/** Reads the command line; throws an Error with a sentence for the user. */
export function parseOptions(args: string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      'model': { type: 'string' },
      'data': { type: 'string' },
      'input-shape': { type: 'string', multiple: true, default: [] },
      'path': { type: 'string', default: 'function' },
      'prices': { type: 'string' },
      'keep': { type: 'boolean', default: false },
      'strict': { type: 'boolean', default: false },
      'json': { type: 'string' },
      'help': { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    return 'help';
  }
  for (const [option, path] of [['--model', values.model], ['--data', values.data], ['--prices', values.prices]]) {
    if (path !== undefined && !existsSync(path)) {
      throw new Error(`${option} names ${JSON.stringify(path)}, which does not exist`);
    }
  }
  if (values.data && !values.model) {
    throw new Error('--data goes with --model: the digits example has its own evaluation data');
  }
  return {
    model: values.model && resolve(values.model),
    data: values.data && resolve(values.data),
    inputShapes: Object.fromEntries(values['input-shape'].map(parseInputShape)),
    paths: parsePath(values.path),
    prices: values.prices && resolve(values.prices),
    keep: values.keep,
    strict: values.strict,
    json: values.json && resolve(values.json),
  };
}

function parsePath(text: string): PathName[] {
  if (text === 'all') {
    return [...PATH_NAMES];
  }
  if (!PATH_NAMES.includes(text as PathName)) {
    throw new Error(`--path must be one of ${[...PATH_NAMES, 'all'].join(', ')}, got ${JSON.stringify(text)}`);
  }
  return [text as PathName];
}

function parseInputShape(text: string): [string, number[]] {
  const match = /^(?<name>[^=]+)=(?<shape>[1-9]\d*(?:,[1-9]\d*)*)$/.exec(text);
  if (!match?.groups) {
    throw new Error(`--input-shape must be NAME=N,N,… with whole numbers above 0, got ${JSON.stringify(text)}`);
  }
  return [match.groups.name, match.groups.shape.split(',').map(Number)];
}
