import { parseArgs } from 'util';

export interface DocsOptions {
  /** The path that the site has on its host, with a slash at both ends. */
  readonly base: string;
  readonly serve: boolean;
  /** True if the site is tried in Chromium. */
  readonly browser: boolean;
  readonly port: number;
}

export const USAGE = `Usage: npm run docs [-- options]     builds the site of the documentation into dist/docs
       npm run docs -- api           writes API.md, and dist/api for the other languages; --check only compares API.md

  --serve       serve the site on this machine, without a network, until Ctrl-C
  --port N      the port to serve it on: 4173 when absent, 0 for any that is free
  --browser     try the site in Chromium, which must be installed: the pages, the search, the model that runs in a page
  --base PATH   the path of the site on its host, such as /cdk-tensorflow/: / when absent
  --help        this text
`;

/** Returns the options, or undefined if the help is wanted. Throws with all problems. */
export function parseDocsOptions(args: string[]): DocsOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      'serve': { type: 'boolean', default: false },
      'browser': { type: 'boolean', default: false },
      'port': { type: 'string' },
      'base': { type: 'string', default: '/' },
      'help': { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    return undefined;
  }
  const port = Number(values.port ?? 4173);
  const problems = [
    ...values.serve && values.browser ? ['--browser serves the site itself: leave out --serve'] : [],
    ...values.port === undefined || values.serve ? [] : ['--port goes with --serve'],
    ...Number.isInteger(port) && port >= 0 && port <= 65535 && values.port !== '' ? [] : [`--port must be a number from 0 to 65535, got ${JSON.stringify(values.port)}`],
    ...(/^\/([\w.~-]+\/)*$/.test(values.base) ? [] : [`--base must be a path with a slash at both ends, such as /cdk-tensorflow/, got ${JSON.stringify(values.base)}`]),
  ];
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
  return { base: values.base, serve: values.serve, browser: values.browser, port };
}
