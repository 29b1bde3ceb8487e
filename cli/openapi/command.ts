import { parseOpenApiOptions, USAGE } from './options';
import { publishedDocument, servedDocument } from './source';

/** Runs `cdk-tensorflow openapi` and returns its exit code. Throws if the options are wrong, or there is no document. */
export async function openApiCommand(args: string[]): Promise<number> {
  const given = parseOpenApiOptions(args);
  if (given === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const document = /^https?:/.test(given) ? await servedDocument(given) : publishedDocument(given);
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  return 0;
}
