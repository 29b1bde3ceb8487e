import type { Stack } from 'aws-cdk-lib';
import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as apigatewayv2 from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { BucketRecipe } from '../../examples/recipes/bucket-recipe';
import { QueueRecipe } from '../../examples/recipes/queue-recipe';
import { emptyStack, FLAG_SETS, modelFunction, resourceOf } from './fixtures';

/** Statements of a role's policies, without conditions and effects. */
function allowed(stack: Stack, prefix: string): [string | string[], unknown][] {
  return resourceOf(stack, 'AWS::IAM::Policy', prefix).properties.PolicyDocument.Statement.map(({ Action, Resource }: any) => [Action, Resource]);
}

describe.each(FLAG_SETS)('in front of a function, %s', (_, flags) => {
  test('an HTTP API passes payload 2.0 to the alias', () => {
    const stack = emptyStack(flags);
    const { alias } = modelFunction(stack);

    new apigatewayv2.HttpApi(stack, 'Api').addRoutes({ path: '/v1/models/{proxy+}', integration: new HttpLambdaIntegration('Model', alias) });

    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0', IntegrationUri: { Ref: resourceOf(stack, 'AWS::Lambda::Alias').id } });
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Action: 'lambda:InvokeFunction', Principal: 'apigateway.amazonaws.com', FunctionName: { Ref: resourceOf(stack, 'AWS::Lambda::Alias').id },
    });
  });

  test('a REST API passes every method and path to the alias, and images as base64', () => {
    const stack = emptyStack(flags);
    const { alias } = modelFunction(stack);

    new apigateway.LambdaRestApi(stack, 'Api', { handler: alias, binaryMediaTypes: ['image/*'] });

    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { BinaryMediaTypes: ['image/*'] });
    const { Integration: integration } = Object.values(template.findResources('AWS::ApiGateway::Method'))[0].Properties;
    expect(integration.Type).toBe('AWS_PROXY');
    expect(JSON.stringify(integration.Uri)).toContain(resourceOf(stack, 'AWS::Lambda::Alias').id);
  });

  test('answers of asynchronous invocations of the alias go to the given destinations', () => {
    const stack = emptyStack(flags);
    const model = modelFunction(stack);
    const [answers, failures] = ['Answers', 'Failures'].map((id) => new sqs.Queue(stack, id));

    model.alias.configureAsyncInvoke({
      onSuccess: new SqsDestination(answers), onFailure: new SqsDestination(failures), retryAttempts: 1, maxEventAge: Duration.hours(1),
    });

    const destination = (queue: sqs.Queue) => ({ Destination: stack.resolve(queue.queueArn) });
    expect(resourceOf(stack, 'AWS::Lambda::EventInvokeConfig').properties).toMatchObject({
      Qualifier: { 'Fn::Select': [7, { 'Fn::Split': [':', { Ref: resourceOf(stack, 'AWS::Lambda::Alias').id }] }] }, // the ARN ends with live
      MaximumRetryAttempts: 1, DestinationConfig: { OnSuccess: destination(answers), OnFailure: destination(failures) },
    });
    expect(JSON.stringify(allowed(stack, 'DigitsRole'))).toContain('sqs:SendMessage');
  });

  test('the queue recipe reports the failed messages of a batch, gives up after three attempts, and may only invoke and answer', () => {
    const stack = emptyStack(flags);
    const model = modelFunction(stack);

    const recipe = new QueueRecipe(stack, 'Queue', { model });

    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: stack.resolve(recipe.requests.queueArn), FunctionResponseTypes: ['ReportBatchItemFailures'], BatchSize: 10,
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 720, RedrivePolicy: { deadLetterTargetArn: stack.resolve(recipe.rejected.queueArn), maxReceiveCount: 3 },
    });
    const actions = allowed(stack, 'QueueWorker');
    expect(actions).toContainEqual(['lambda:InvokeFunction', stack.resolve(model.alias.functionArn)]);
    const queues = [recipe.requests, recipe.answers].map((queue) => stack.resolve(queue.queueArn));
    expect(actions.map(([, resource]) => resource)).toEqual(expect.arrayContaining(queues));
    expect(actions.flatMap(([action]) => action).filter((action) => !/^(sqs|lambda):/.test(action))).toEqual([]);
  });

  test('the bucket recipe reads requests, writes answers, and keeps the events that failed', () => {
    const stack = emptyStack(flags);
    const model = modelFunction(stack);

    const recipe = new BucketRecipe(stack, 'Photos', { model });

    const template = Template.fromStack(stack);
    template.hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: {
        LambdaFunctionConfigurations: [Match.objectLike({
          Events: ['s3:ObjectCreated:*'],
          Filter: { Key: { FilterRules: [{ Name: 'suffix', Value: '.json' }, { Name: 'prefix', Value: 'requests/' }] } },
        })],
      },
    });
    const below = (pattern: string) => stack.resolve(recipe.bucket.arnForObjects(pattern));
    const actions = allowed(stack, 'PhotosWorker');
    expect(actions).toContainEqual(['lambda:InvokeFunction', stack.resolve(model.alias.functionArn)]);
    const writing = actions.filter(([action]) => [action].flat().some((name) => name.startsWith('s3:PutObject')));
    expect(writing.map(([, resource]) => resource)).toEqual([below('answers/*')]);
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      DestinationConfig: { OnFailure: { Destination: stack.resolve(recipe.failures.queueArn) } },
    });
  });
});
