import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { EmbeddedAws } from '../../lab/emulator/client/embedded-aws';
import type { CorsOptions } from '../../lib';
import { ModelApi, ModelApiAuthorizationType, ModelFunction, ModelSource } from '../../lib';

const STACK = 'Cors';
const SECONDS_TO_CREATE = 120;

/** Answers with the methods of all requests that have reached it, and refuses a body that is no JSON. */
const HANDLER = `
import json
methods = []

def handler(event, context):
    method = event["requestContext"]["http"]["method"]
    methods.append(method)
    try:
        json.loads(event["body"])
    except ValueError:
        return {"statusCode": 400, "body": json.dumps({"error": "no JSON"})}
    return {"statusCode": 200, "body": json.dumps({"methods": methods})}
`;

/** The permissions that the library writes into a template for a function URL and an HTTP API. */
function permissions(cors: CorsOptions, modelName: string): { url: object; api: object; routes: string[] } {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Library');
  const model = new ModelFunction(stack, 'Model', { model: ModelSource.fromAsset('examples/digits/saved_model'), modelName });
  model.addFunctionUrl({ authType: FunctionUrlAuthType.NONE, cors });
  new ModelApi(stack, 'Api', { models: [model], authorizationType: ModelApiAuthorizationType.NONE, cors });
  const template = Template.fromStack(stack);
  const propertiesOf = (type: string) => Object.values(template.findResources(type)).map(({ Properties }) => Properties);
  return {
    url: propertiesOf('AWS::Lambda::Url')[0].Cors,
    api: propertiesOf('AWS::ApiGatewayV2::Api')[0].CorsConfiguration,
    routes: propertiesOf('AWS::ApiGatewayV2::Route').map(({ RouteKey }) => RouteKey),
  };
}

/** Small functions in place of a model, behind a URL and behind an HTTP API with the permissions of the library. */
function template(cors: CorsOptions, modelName: string): object {
  const { url, api, routes } = permissions(cors, modelName);
  const functionOf = (name: string) => ({
    [name]: {
      Type: 'AWS::Lambda::Function',
      Properties: { Runtime: 'python3.13', Handler: 'index.handler', Timeout: 60, Role: { 'Fn::GetAtt': ['Role', 'Arn'] }, Code: { ZipFile: HANDLER } },
    },
  });
  const target = { 'Fn::Join': ['/', ['integrations', { Ref: 'Integration' }]] };
  return {
    Resources: {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }] },
        },
      },
      ...functionOf('BehindUrl'),
      ...functionOf('BehindApi'),
      Url: { Type: 'AWS::Lambda::Url', Properties: { TargetFunctionArn: { 'Fn::GetAtt': ['BehindUrl', 'Arn'] }, AuthType: 'NONE', Cors: url } },
      Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'models', ProtocolType: 'HTTP', CorsConfiguration: api } },
      Integration: {
        Type: 'AWS::ApiGatewayV2::Integration',
        Properties: { ApiId: { Ref: 'Api' }, IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0', IntegrationUri: { 'Fn::GetAtt': ['BehindApi', 'Arn'] } },
      },
      ...Object.fromEntries(routes.map((RouteKey, index) => [
        `Route${index}`, { Type: 'AWS::ApiGatewayV2::Route', Properties: { ApiId: { Ref: 'Api' }, RouteKey, Target: target } },
      ])),
      Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true } },
    },
    Outputs: { Url: { Value: { 'Fn::GetAtt': ['Url', 'FunctionUrl'] } }, Api: { Value: { Ref: 'Api' } } },
  };
}

/**
 * Starts the embedded AWS with a function URL and an HTTP API.
 *
 * @returns the addresses at which a browser of this machine finds both, without a slash at the end, and what ends them.
 */
export async function corsEndpoints(cors: CorsOptions, modelName: string): Promise<{ functionUrl: string; httpApi: string; close: () => Promise<void> }> {
  const aws = await EmbeddedAws.start();
  const client = new CloudFormationClient({ endpoint: aws.endpoint, region: aws.region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  await client.send(new CreateStackCommand({ StackName: STACK, TemplateBody: JSON.stringify(template(cors, modelName)), Capabilities: ['CAPABILITY_IAM'] }));
  await waitUntilStackCreateComplete({ client, maxWaitTime: SECONDS_TO_CREATE, minDelay: 1, maxDelay: 1 }, { StackName: STACK });
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: STACK }));
  const outputs = Object.fromEntries(Stacks![0].Outputs!.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue!]));
  return {
    functionUrl: `http://${new URL(outputs.Url).hostname.split('.')[0]}.lambda-url.${aws.region}.localhost:${aws.port}`,
    httpApi: `http://${outputs.Api}.execute-api.localhost:${aws.port}`,
    close: () => aws.stop(),
  };
}
