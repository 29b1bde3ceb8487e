/** The sentence of an error that ended an app, without Node.js's excerpt of the source before it and the stack trace after it. */
const UNCAUGHT_ERROR = /^(?:\w*Error): (?<sentence>[^]*?)\n\s+at .+$/m;

/** Why `cdk deploy` failed: the app's own sentence where the app did not synthesize, else all that was printed. */
export function deploymentProblem(code: number, output: string): string {
  const sentence = /^Node\.js v\d/m.test(output) ? UNCAUGHT_ERROR.exec(output)?.groups?.sentence : undefined;
  return sentence ?? `cdk deploy failed (${code}):\n${output}`;
}
