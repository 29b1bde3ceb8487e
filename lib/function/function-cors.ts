import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { FunctionUrlAuthType, HttpMethod } from 'aws-cdk-lib/aws-lambda';
import { corsProblems } from '../serving/cors-settings';

/** Headers that JSON needs, and those of a request that is signed. */
const CONTENT_TYPE = 'content-type';
const SIGNATURE = ['authorization', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'];

/** Returns the headers that requests of web pages need. */
export function neededHeaders(signed: boolean): string[] {
  return [CONTENT_TYPE, ...signed ? SIGNATURE : []];
}

/** Returns the problems of a function URL's permission for pages of other origins. */
export function functionCorsProblems(cors: lambda.FunctionUrlCorsOptions | undefined): string[] {
  return [
    ...corsProblems(cors),
    ...(cors?.allowedMethods ?? []).includes(HttpMethod.OPTIONS)
      ? ['cors.allowedMethods must not have OPTIONS, which Lambda answers itself and refuses in this list: leave it out'] : [],
  ];
}

/** Returns the permission with the headers that requests need, where none are named: Lambda would allow none of them. */
export function functionCors({ cors, authType }: lambda.FunctionUrlOptions): lambda.FunctionUrlCorsOptions | undefined {
  return cors && { ...cors, allowedHeaders: cors.allowedHeaders ?? neededHeaders(authType !== FunctionUrlAuthType.NONE) };
}
