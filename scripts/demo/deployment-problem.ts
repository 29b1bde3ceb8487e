/** The sentence of an error that ended an app, after its code (of the CDK) or its name, and before the stack trace. */
const UNCAUGHT_ERROR = /^(?:«\w+»|\w*Error:) (?<sentence>[^]*?)\n\s+at .+$/m;

/** Why `cdk deploy` failed: the app's own sentence where the app did not synthesize, else all that was printed. */
export function deploymentProblem(code: number, output: string): string {
  const sentence = /^Node\.js v\d/m.test(output) ? UNCAUGHT_ERROR.exec(output)?.groups?.sentence : undefined;
  return sentence ?? `cdk deploy failed (${code}):\n${output}`;
}
