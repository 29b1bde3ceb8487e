import { mkdirSync, writeFileSync } from 'fs';
import { join, relative } from 'path';
import { ROOT } from '../repository';
import type { PathName } from './path-name';

/** The address of a report in the message of a deployment that the gate refused. */
const REPORT_ADDRESS = /s3:\/\/(?<bucket>[^/\s]+)\/(?<key>[^\s"']+\/report\.html)/;

/** Reads an object of the embedded AWS. */
type ReadObject = (bucket: string, key: string) => Promise<string>;

/** Copies a report out of the embedded AWS, which ends with the demo, and returns where it is, relative to the repository. */
export async function copyReport(read: ReadObject, path: PathName, bucket: string, key: string, directory = join(ROOT, '.demo')): Promise<string> {
  const file = join(directory, path === 'function' ? 'report.html' : `report-${path}.html`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, await read(bucket, key));
  return relative(ROOT, file);
}

/** The message of a deployment that failed, with the copy of the report that it names. */
export async function withReport(read: ReadObject, path: PathName, message: string, directory?: string): Promise<string> {
  const address = REPORT_ADDRESS.exec(message)?.groups;
  if (!address) {
    return message;
  }
  try {
    return `${message}\nThe report is in ${await copyReport(read, path, address.bucket, address.key, directory)}`;
  } catch (error) {
    return `${message}\nThe report could not be copied: ${error instanceof Error ? error.message : String(error)}`;
  }
}
