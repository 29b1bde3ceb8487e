/** The message of an uncaught error, between its code (from the CDK) or name and the stack trace. */
const UNCAUGHT_ERROR = /^(?:«\w+»|\w*Error:) (?<sentence>[^]*?)\n\s+at .+$/m;

/** Returns why `cdk deploy` failed: the app's own message if the app did not synthesize, otherwise the whole output. */
export function deploymentProblem(code: number, output: string): string {
  const sentence = /^Node\.js v\d/m.test(output) ? UNCAUGHT_ERROR.exec(output)?.groups?.sentence : undefined;
  return sentence ?? `cdk deploy failed (${code}):\n${output}`;
}
