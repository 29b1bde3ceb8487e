import { Validations } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type { Construct } from 'constructs';
import type { ModelApiProps } from './model-api-props';
import { ModelApiAuthorizationType } from './model-api-props';
import { modelRoutes } from './model-routes';

/** Creates a Regional REST API in front of functions. */
export function restApi(scope: Construct, id: string, restApiName: string, props: ModelApiProps): apigateway.RestApi {
  const { logGroup, throttle } = props;
  const signed = props.authorizationType !== ModelApiAuthorizationType.NONE;
  const api = new apigateway.RestApi(scope, id, {
    restApiName,
    endpointConfiguration: { types: [apigateway.EndpointType.REGIONAL] },
    // Clients of the Open Inference Protocol send tensors in binary form without a content type. The functions read text as base64 too.
    binaryMediaTypes: ['*/*'],
    // The role would be a setting of the whole account.
    cloudWatchRole: false,
    defaultMethodOptions: {
      authorizationType: signed ? apigateway.AuthorizationType.IAM : apigateway.AuthorizationType.NONE,
      apiKeyRequired: props.apiKeyRequired ?? false,
    },
    deployOptions: {
      throttlingRateLimit: throttle?.rateLimit,
      throttlingBurstLimit: throttle?.burstLimit,
      accessLogDestination: logGroup && new apigateway.LogGroupLogDestination(logGroup),
      accessLogFormat: logGroup && apigateway.AccessLogFormat.jsonWithStandardFields(),
    },
  });
  for (const model of props.models) {
    // A permission for each method would fill the policy of the function.
    const integration = new apigateway.LambdaIntegration(model.alias, { scopePermissionToMethod: false });
    for (const { path, methods } of modelRoutes(model.modelName)) {
      methods.forEach((method) => api.root.resourceForPath(path).addMethod(method, integration));
    }
  }
  Validations.of(api).acknowledge({ id: 'AwsSolutions-APIG2', reason: 'The functions check requests against the signature of their model' });
  if (signed) {
    Validations.of(api).acknowledge({ id: 'AwsSolutions-COG4', reason: 'Callers sign their requests with AWS Signature Version 4' });
  }
  return api;
}

/** Adds the usage plan of an API's stage. */
export function apiUsagePlan(api: apigateway.RestApi, id: string, options: apigateway.UsagePlanProps = {}): apigateway.UsagePlan {
  return api.addUsagePlan(id, { ...options, apiStages: [...options.apiStages ?? [], { stage: api.deploymentStage }] });
}
