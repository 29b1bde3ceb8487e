import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import * as apigatewayv2 from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { neededHeaders } from '../function/function-cors';
import type { ModelApiProps } from './model-api-props';
import { ModelApiAuthorizationType } from './model-api-props';
import { modelRoutes } from './model-routes';

/** An HTTP API with its stage and the log group of its access log. */
export interface HttpParts {
  readonly api: apigatewayv2.HttpApi;
  readonly stage: apigatewayv2.HttpStage;
  readonly logGroup: logs.ILogGroup;
}

/** The members of a line, whose values API Gateway fills in. */
const LOGGED = ['requestId', 'requestTime', 'identity.sourceIp', 'identity.caller', 'routeKey', 'status', 'responseLength', 'responseLatency', 'integrationErrorMessage'];
const FORMAT = AccessLogFormat.custom(JSON.stringify(Object.fromEntries(LOGGED.map((name) => [name.split('.').pop(), `$context.${name}`]))));

/** Creates an HTTP API in front of functions. */
export function httpApi(scope: Construct, id: string, apiName: string, props: ModelApiProps): HttpParts {
  const signed = props.authorizationType !== ModelApiAuthorizationType.NONE;
  const { cors } = props;
  const api = new apigatewayv2.HttpApi(scope, id, {
    apiName,
    createDefaultStage: false,
    corsPreflight: cors && {
      allowOrigins: cors.allowedOrigins,
      allowHeaders: cors.allowedHeaders ?? neededHeaders(signed),
      allowMethods: [apigatewayv2.CorsHttpMethod.GET, apigatewayv2.CorsHttpMethod.POST],
      maxAge: cors.maxAge,
    },
  });
  for (const model of props.models) {
    // A permission for each route would fill the policy of the function.
    const integration = new HttpLambdaIntegration(model.modelName, model.alias, { scopePermissionToRoute: false });
    const authorizer = signed ? new HttpIamAuthorizer() : undefined;
    for (const { path, methods } of modelRoutes(model.modelName)) {
      api.addRoutes({ path, methods: methods.map((method) => apigatewayv2.HttpMethod[method]), integration, authorizer });
    }
  }
  const logGroup = props.logGroup ?? new logs.LogGroup(scope, 'LogGroup', {
    retention: logs.RetentionDays.THREE_MONTHS, removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
  const stage = api.addStage('Stage', {
    autoDeploy: true,
    throttle: props.throttle,
    accessLogSettings: { destination: new apigatewayv2.LogGroupLogDestination(logGroup), format: FORMAT },
  });
  return { api, stage, logGroup };
}
