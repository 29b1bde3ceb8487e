import type * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { ModelFunction } from '../function/model-function';
import type { CorsOptions } from '../serving/cors-options';

/** Type of an API of Amazon API Gateway. */
export enum ModelApiType {
  /** An HTTP API: cheaper and faster, answers preflight requests of web pages, and has no API keys. Waits for an answer for 30 seconds at most. */
  HTTP = 'HTTP',

  /** A Regional REST API: has API keys and usage plans. Waits for an answer for 29 seconds, unless AWS has raised that quota. */
  REST = 'REST',
}

/** Authorization of an API's callers. */
export enum ModelApiAuthorizationType {
  /** Callers sign their requests with AWS Signature Version 4, and need `grantInvoke`. */
  IAM = 'AWS_IAM',

  /** Anybody can call, or whoever has a key where `apiKeyRequired` is true. You pay for their requests. */
  NONE = 'NONE',
}

/** Properties of an API for several models. */
export interface ModelApiProps {
  /**
   * The functions that the API calls: at least one, each with a `modelName` of its own.
   *
   * A quota of API Gateway (300 routes or resources of an API, which AWS raises on request) is reached with about 40 models.
   */
  readonly models: ModelFunction[];

  /**
   * Type of the API. Changing it replaces the API, which gets another address.
   *
   * @default ModelApiType.HTTP
   */
  readonly apiType?: ModelApiType;

  /**
   * Name of the API in the console, of at most 128 characters.
   *
   * @default - the names of the models, joined by hyphens, and cut after 128 characters
   */
  readonly apiName?: string;

  /**
   * Authorization of the callers.
   *
   * @default ModelApiAuthorizationType.IAM
   */
  readonly authorizationType?: ModelApiAuthorizationType;

  /**
   * Web pages of other origins that may call. API Gateway answers their preflight requests, and adds the permission to the functions' answers.
   *
   * Without `allowedHeaders`, pages may send `content-type`, and the headers of a signature unless `authorizationType` is `NONE`. Refused for a
   * REST API, which adds no permission to the answers of a function.
   *
   * @default - no pages of other origins
   * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
   */
  readonly cors?: CorsOptions;

  /**
   * Limit on the requests of all callers together: `rateLimit` in requests a second, above 0, and `burstLimit` in requests, a whole number from 1. Both
   * are needed. Requests above it are answered with 429.
   *
   * @default - the quota of the account in the Region: 10,000 requests a second and bursts of 5,000, unless AWS has set another one
   */
  readonly throttle?: apigateway.ThrottleSettings;

  /**
   * Asks callers for an API key in the header `x-api-key`: without one they are answered with 403. Needs `ModelApiType.REST`.
   *
   * Adds a usage plan and a key. A key identifies a caller for the limits of `usagePlan`, and does not prove who calls: keep
   * `ModelApiAuthorizationType.IAM` for that.
   *
   * @default false
   */
  readonly apiKeyRequired?: boolean;

  /**
   * Limits for each API key: `throttle` as in the property of that name, and `quota` with a `limit` of requests in a `period`. Requests above them are
   * answered with 429. AWS applies both on a best-effort basis. Needs `apiKeyRequired`.
   *
   * @default - a usage plan without limits if `apiKeyRequired` is true
   * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
   */
  readonly usagePlan?: apigateway.UsagePlanProps;

  /**
   * Log group of the access log, a line of JSON for each request.
   *
   * A REST API can write it only if the account has a role for CloudWatch Logs in the settings of API Gateway: without one the deployment fails.
   *
   * @default - a new log group of an HTTP API, which keeps its events for three months; no access log of a REST API
   * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
   */
  readonly logGroup?: logs.ILogGroup;
}
