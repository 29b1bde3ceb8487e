import { existsSync, readFileSync, statSync } from 'fs';
import { Token } from 'aws-cdk-lib';
import { checkExclusive, shown } from '../../private/validation';

/** The request is the input of a Step Functions execution, limited to 262,144 bytes; an update contains old and new properties. */
const MOST_BYTES = 100_000;

/** The two ways to name a model's classes. */
export interface ClassLabels {
  readonly labels?: string[];
  readonly labelsFile?: string;
}

/** Returns the names in the order of the model's output, or undefined if classes are only numbered. */
export function labelsOf({ labels, labelsFile }: ClassLabels): string[] | undefined {
  // A newline at the end does not start another line.
  return labelsFile === undefined ? labels : readFileSync(labelsFile, 'utf-8').replace(/\r?\n$/, '').split(/\r?\n/);
}

export function checkLabels(options: ClassLabels): string[] {
  const { labels, labelsFile } = options;
  if (labels !== undefined && labelsFile !== undefined) {
    return checkExclusive({ labels, labelsFile }, 'keep one of them');
  }
  if (labelsFile === undefined) {
    return checkNames('labels', labels);
  }
  if (!existsSync(labelsFile) || !statSync(labelsFile).isFile()) {
    return [`labelsFile must be a text file with the name of a class on each line, and there is no file ${JSON.stringify(labelsFile)}`];
  }
  const names = labelsOf(options)!;
  const empty = names.findIndex((name) => name.trim() === '');
  return empty < 0 ? checkNames('labelsFile', names)
    : [`labelsFile must have the name of a class on each line, and line ${empty + 1} of ${JSON.stringify(labelsFile)} is empty`];
}

function checkNames(property: string, names: string[] | undefined): string[] {
  if (names === undefined || Token.isUnresolved(names)) {
    return [];
  }
  if (names.length === 0) {
    return [`${property} must name the model's classes, got []: leave it out when they have no names`];
  }
  const other = names.find((name) => typeof name !== 'string');
  if (other !== undefined) {
    return [`${property} must have texts, got ${shown(other)}: give ${JSON.stringify(String(other))}`];
  }
  // Measure as in the build's request: a JSON string inside JSON.
  const bytes = Buffer.byteLength(JSON.stringify(JSON.stringify(names)));
  if (bytes > MOST_BYTES) {
    return [`${property} must have at most ${MOST_BYTES} bytes together, got ${bytes} for ${names.length} names: the request for a build may have 262144, and holds `
      + 'the old names and the new ones when they change; shorten them, or leave them out and name the classes where the answers are read'];
  }
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  return repeated.length === 0 ? [] : [`${property} must be different from each other, got ${JSON.stringify(repeated[0])} twice`];
}
