import { existsSync, readFileSync, statSync } from 'fs';
import { join } from 'path';
import type { Manifest } from '../../lib/private/documents/manifest';

/** Figures that an optimization job measured of the model that it published. */
export interface Measured extends Readonly<Pick<Manifest, 'model' | 'format' | 'architecture' | 'candidate' | 'sizeBytes'>> {
  readonly version?: number;
  readonly buildId?: string;
  readonly created?: string;
  /** Latency of one warm request with one instance, on one thread; for a LiteRT model over the job's own Runtime API. */
  readonly latencyMilliseconds: number;
  /** Processor time of one warm request in the native program. */
  readonly processorMilliseconds?: number;
  /** 99th percentile of the processor time of warm requests there. */
  readonly processorMillisecondsP99?: number;
  /** Processor time of one warm call of the model alone in the native program, where that was measured. */
  readonly callMilliseconds?: number;
  /** The process with the model, after one answer. */
  readonly peakMemoryMebibytes?: number;
  /** From the start of the program to its first answer. */
  readonly startMilliseconds?: number;
  /** The reason why the native program cannot serve it. */
  readonly nativeRefusal?: string;
}

/** The documents with the figures: the manifest of a published version, and what the job leaves before it is published. */
const DOCUMENTS = ['manifest.json', 'draft.json'];

/** Reads what was measured, from a document or the directory that has it. Throws a sentence if there is none, or figures are missing. */
export function readMeasured(artifact: string): Measured {
  if (/^s3:/.test(artifact)) {
    throw new Error(`ARTIFACT must be on this machine, got ${artifact}: copy the version's manifest.json with \`aws s3 cp\``);
  }
  if (!existsSync(artifact)) {
    throw new Error(`ARTIFACT must be a manifest.json or a directory that has one, and ${JSON.stringify(artifact)} does not exist`);
  }
  const file = statSync(artifact).isDirectory() ? DOCUMENTS.map((name) => join(artifact, name)).find((name) => existsSync(name)) : artifact;
  if (file === undefined) {
    throw new Error(`${JSON.stringify(artifact)} has neither ${DOCUMENTS.join(' nor ')}: give the --out directory of the optimizer, or a published version's manifest.json`);
  }
  return measuredIn(parsed(file), file);
}

/** Reads a file of the user's, of which nothing is known. */
function parsed(file: string): Partial<Manifest> {
  try {
    // `null` is JSON too.
    return (JSON.parse(readFileSync(file, 'utf8')) ?? {}) as Partial<Manifest>;
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** Returns the figures of a manifest. Throws a sentence if it is none, or has no latency. */
export function measuredIn(manifest: Partial<Manifest>, file: string): Measured {
  const { schemaVersion, format, architecture, extra, requirements, evaluation } = manifest;
  if (schemaVersion !== 1 || !format || !['litert', 'saved_model'].includes(format) || !architecture || !['x86_64', 'arm64'].includes(architecture)) {
    throw new Error(`${file} is no manifest of the optimizer, of schema version 1`);
  }
  const latency = positive(manifest.latencyMilliseconds);
  if (latency === undefined) {
    throw new Error(`${file} has no latency, because the job could not measure it where it ran: build the model on a machine with the processor that the model needs`);
  }
  return {
    model: String(manifest.model),
    version: positive(manifest.version),
    buildId: text(manifest.buildId),
    created: text(manifest.created),
    format,
    architecture,
    candidate: String(manifest.candidate),
    sizeBytes: positive(manifest.sizeBytes) ?? 0,
    latencyMilliseconds: latency,
    processorMilliseconds: positive(extra?.processorMilliseconds),
    processorMillisecondsP99: positive(extra?.processorMillisecondsP99),
    callMilliseconds: rowMilliseconds(manifest) ?? positive(evaluation?.latencyMilliseconds),
    peakMemoryMebibytes: positive(requirements?.peakMemoryMebibytes),
    startMilliseconds: positive(extra?.startMilliseconds),
    nativeRefusal: text(requirements?.nativeRefusal),
  };
}

/** Returns the processor time of a row of the default signature. */
function rowMilliseconds({ runs, defaultSignature }: Partial<Manifest>): number | undefined {
  const microseconds = positive(runs?.[String(defaultSignature)]?.rowMicroseconds);
  return microseconds === undefined ? undefined : microseconds / 1000;
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
