import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as apigatewayv2 from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { BucketRecipe } from '../../examples/recipes/bucket-recipe';
import { QueueRecipe } from '../../examples/recipes/queue-recipe';
import { ModelApi, ModelApiAuthorizationType, ModelApiType, ModelFunction, ModelSource } from '../../lib';

/** Everything that can stand in front of a function, in front of one. */
const app = new App();
const stack = new Stack(app, app.node.tryGetContext('stack'), {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
const model = new ModelFunction(stack, 'Points', { model: ModelSource.fromAsset(app.node.tryGetContext('model')) });

const httpApi = new apigatewayv2.HttpApi(stack, 'HttpApi');
httpApi.addRoutes({ path: '/v1/models/{proxy+}', integration: new HttpLambdaIntegration('Model', model.alias) });
const restApi = new apigateway.LambdaRestApi(stack, 'RestApi', { handler: model.alias, binaryMediaTypes: ['application/octet-stream'] });
const queue = new QueueRecipe(stack, 'Queue', { model });
const bucket = new BucketRecipe(stack, 'Bucket', { model });
// Use the same artifact, so that the model is built once.
const explorer = new ModelFunction(stack, 'Explorer', { model: ModelSource.fromArtifact(model.artifact), modelName: 'points', explorer: true });
const mirror = new ModelFunction(stack, 'Mirror', { model: ModelSource.fromArtifact(model.artifact), modelName: 'mirror' });
const models = [model, mirror];
const cors = { allowedOrigins: ['https://www.example.com'] };
const signed = new ModelApi(stack, 'SignedApi', { models, cors });
const keyed = new ModelApi(stack, 'KeyedApi', {
  models,
  apiType: ModelApiType.REST,
  authorizationType: ModelApiAuthorizationType.NONE,
  apiKeyRequired: true,
  // A request comes back after a quarter of an hour: whatever the test takes, the fourth is above the quota and the fifth above the burst.
  usagePlan: { throttle: { rateLimit: 0.001, burstLimit: 4 }, quota: { limit: 3, period: apigateway.Period.MONTH } },
});
const shop = keyed.addApiKey('Shop');

const outputs = {
  Url: model.addFunctionUrl({ cors }).url,
  FunctionName: model.lambdaFunction.functionName,
  ArtifactBucket: model.artifact.bucket.bucketName,
  Version: model.optimizer!.version,
  HttpApi: httpApi.apiId,
  RestApi: restApi.restApiId,
  SignedApi: signed.httpApi!.apiId,
  KeyedApi: keyed.restApi!.restApiId,
  FirstKey: keyed.apiKey!.keyId,
  ShopKey: shop.keyId,
  Requests: queue.requests.queueUrl,
  Answers: queue.answers.queueUrl,
  Bucket: bucket.bucket.bucketName,
  ExplorerUrl: explorer.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE }).url,
};
Object.entries(outputs).forEach(([name, value]) => new CfnOutput(stack, `${name}Output`, { key: name, value }));
