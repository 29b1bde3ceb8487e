import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { emptyStack, modelFunction, resourceOf } from './fixtures';

describe('function URL', () => {
  test('belongs to the alias, and requires IAM authentication', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack);

    const url = endpoint.addFunctionUrl();

    expect(endpoint.functionUrl).toBe(url);
    expect(resourceOf(stack, 'AWS::Lambda::Url').properties).toMatchObject({ AuthType: 'AWS_IAM', Qualifier: 'live' });
    // The only permission is for the check of a new version: nobody has access to the URL.
    expect(resourceOf(stack, 'AWS::Lambda::Permission').id).toMatch(/^DigitsVersionCheckPermission/);
  });

  test('exists only on request', () => {
    const stack = emptyStack();

    const endpoint = modelFunction(stack);

    expect(endpoint.functionUrl).toBeUndefined();
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Url', 0);
  });

  test('is public only on request', () => {
    const stack = emptyStack();

    modelFunction(stack).addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });

    expect(resourceOf(stack, 'AWS::Lambda::Url').properties.AuthType).toBe('NONE');
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Permission', { Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: 'NONE' });
  });

  test('accepts cross-origin settings', () => {
    const stack = emptyStack();

    modelFunction(stack).addFunctionUrl({ cors: { allowedOrigins: ['https://example.com'] } });

    expect(resourceOf(stack, 'AWS::Lambda::Url').properties.Cors).toMatchObject({ AllowOrigins: ['https://example.com'] });
  });

  test('fails with response streaming, which Python functions lack', () => {
    const endpoint = modelFunction(emptyStack());

    expect(() => endpoint.addFunctionUrl({ invokeMode: lambda.InvokeMode.RESPONSE_STREAM })).toThrow(/invokeMode RESPONSE_STREAM has no effect/);
  });

  test('fails when there is already one', () => {
    const endpoint = modelFunction(emptyStack());
    endpoint.addFunctionUrl();

    expect(() => endpoint.addFunctionUrl()).toThrow(/has a URL already/);
  });
});
