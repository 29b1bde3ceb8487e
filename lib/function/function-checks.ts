import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { pythonVersionOf } from '../bundling/python-code';

const OLDEST_PYTHON_MINOR = 12;

/** A Python that LiteRT's wheels run on. */
export function checkPythonRuntime(property: string, runtime: lambda.Runtime): string[] {
  const version = pythonVersionOf(runtime);
  if (version === undefined) {
    return [`${property} must be a Python runtime, got ${JSON.stringify(runtime.name)}`];
  }
  if (Number(version.split('.')[1]) < OLDEST_PYTHON_MINOR) {
    return [
      `${property} must be python3.${OLDEST_PYTHON_MINOR} or newer, got ${JSON.stringify(runtime.name)}: `
      + 'older ones run on Amazon Linux 2, whose C library is too old for LiteRT',
    ];
  }
  return [];
}
