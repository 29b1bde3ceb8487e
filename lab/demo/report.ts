import { mkdirSync, writeFileSync } from 'fs';
import { join, relative } from 'path';
import { ROOT } from '../../scripts/repository';

/** The report's address in the message of a deployment that failed the gate. */
const REPORT_ADDRESS = /s3:\/\/(?<bucket>[^/\s]+)\/(?<key>[^\s"']+\/report\.html)/;

type ReadObject = (bucket: string, key: string) => Promise<string>;

/** Copies a report out of the embedded AWS, which ends with the demo, and returns its path relative to the repository. */
export async function copyReport(read: ReadObject, label: string, bucket: string, key: string, directory = join(ROOT, '.demo')): Promise<string> {
  const file = join(directory, label === 'function' ? 'report.html' : `report-${label}.html`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, await read(bucket, key));
  return relative(ROOT, file);
}

/** Returns the message of a failed deployment, with the path of the copied report. */
export async function withReport(read: ReadObject, label: string, message: string, directory?: string): Promise<string> {
  const address = REPORT_ADDRESS.exec(message)?.groups;
  if (!address) {
    return message;
  }
  try {
    return `${message}\nThe report is in ${await copyReport(read, label, address.bucket, address.key, directory)}`;
  } catch (error) {
    return `${message}\nThe report could not be copied: ${error instanceof Error ? error.message : String(error)}`;
  }
}
