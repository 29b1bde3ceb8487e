import { existsSync, readFileSync, statSync } from 'fs';
import { join } from 'path';

const FILE = 'openapi.json';
const MODELS = '/v1/models/';
const SECONDS = 30;

type Document = Record<string, unknown>;

/** Reads the document of a published version, from a file or the directory that has it. Throws a sentence if there is none. */
export function publishedDocument(artifact: string): Document {
  if (/^s3:/.test(artifact)) {
    throw new Error(`ARTIFACT must be on this machine, got ${artifact}: copy the version's ${FILE} with \`aws s3 cp\``);
  }
  const file = existsSync(artifact) && statSync(artifact).isDirectory() ? join(artifact, FILE) : artifact;
  if (!existsSync(file)) {
    throw new Error(`there is no ${file}: it is made when a version is published, and lies beside the version's manifest.json`);
  }
  return parsed(readFileSync(file, 'utf8'), file);
}

/** Asks a server for the document of a model, and adds its address. Throws a sentence if it has none. */
export async function servedDocument(address: string): Promise<Document> {
  const model = new URL(address.replace(/\/+$/, '').replace(`/${FILE}`, ''));
  const at = model.pathname.indexOf(MODELS);
  if (at < 0 || model.pathname.length === at + MODELS.length) {
    throw new Error(`URL must be that of a model, http://HOST:8501${MODELS}NAME, got ${address}`);
  }
  const { status, text } = await get(`${model.origin}${model.pathname}/${FILE}`, model.host);
  if (status === 401 || status === 403) {
    throw new Error(`${model.host} refuses who does not sign (${status}): give the version's ${FILE} in S3, or the address that \`cdk-tensorflow open\` prints, with ${MODELS}NAME`);
  }
  if (status !== 200) {
    throw new Error(`${model.host} has no document of this model (${status}): ${text.slice(0, 300)}`);
  }
  return { ...parsed(text, address), servers: [{ url: `${model.origin}${model.pathname.slice(0, at)}` }] };
}

async function get(url: string, host: string): Promise<{ status: number; text: string }> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(SECONDS * 1000), redirect: 'error' });
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    // fetch says only that it failed; its cause says why.
    const { message, cause } = error as Error;
    throw new Error(`${host} did not answer (${cause instanceof Error && cause.message ? cause.message : message})`, { cause: error });
  }
}

function parsed(text: string, place: string): Document {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new Error(`${place} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof found !== 'object' || found === null || !String((found as Document).openapi).startsWith('3.1')) {
    throw new Error(`${place} is not a document of OpenAPI 3.1`);
  }
  return found as Document;
}
