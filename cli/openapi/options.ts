import { parseArgs } from 'util';

export const USAGE = `Usage: cdk-tensorflow openapi ARTIFACT|URL

Prints openapi.json, which describes in OpenAPI 3.1 what a published model's servers answer: for generators of clients, testers and editors.

  ARTIFACT   a copy of a version's openapi.json, or a directory that has it
  URL        of a model that is served: http://HOST:8501/v1/models/NAME, or https://ID.lambda-url.REGION.on.aws/v1/models/NAME;
             the document that is printed has the address in "servers"
  --help     this text

Requests are not signed. For a model behind IAM, give the ARTIFACT, or the address that \`cdk-tensorflow open\` prints, with /v1/models/NAME.
Exit code: 0 if it was printed, 2 if it was not.
`;

/** The options, as `parseArgs` and the completion of shells read them. */
export const OPTIONS = { help: { type: 'boolean', default: false } } as const;

/** Returns what to print the document of, or undefined if the help is wanted. Throws if it is not given once. */
export function parseOpenApiOptions(args: string[]): string | undefined {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
  if (values.help) {
    return undefined;
  }
  const [given] = positionals;
  if (given === undefined || positionals.length > 1) {
    throw new Error(`name one ARTIFACT or URL, got ${positionals.length === 0 ? 'none' : positionals.join(', ')}`);
  }
  return given;
}
