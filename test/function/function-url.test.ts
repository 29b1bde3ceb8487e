import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { emptyStack, modelFunction, resourceOf } from './fixtures';

describe('function URL', () => {
  test('is of the alias, and asks for IAM authentication', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack);

    const url = endpoint.addFunctionUrl();

    expect(endpoint.functionUrl).toBe(url);
    expect(resourceOf(stack, 'AWS::Lambda::Url').properties).toMatchObject({ AuthType: 'AWS_IAM', Qualifier: 'live' });
    // The only permission is for the check of a new version: nobody has access to the URL.
    expect(resourceOf(stack, 'AWS::Lambda::Permission').id).toMatch(/^DigitsVersionCheckPermission/);
  });

  test('is there only when asked for', () => {
    const stack = emptyStack();

    const endpoint = modelFunction(stack);

    expect(endpoint.functionUrl).toBeUndefined();
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Url', 0);
  });

  test('is public only when told so', () => {
    const stack = emptyStack();

    modelFunction(stack).addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });

    expect(resourceOf(stack, 'AWS::Lambda::Url').properties.AuthType).toBe('NONE');
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Permission', { Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: 'NONE' });
  });

  test('takes cross-origin settings', () => {
    const stack = emptyStack();

    modelFunction(stack).addFunctionUrl({ cors: { allowedOrigins: ['https://example.com'] } });

    expect(resourceOf(stack, 'AWS::Lambda::Url').properties.Cors).toMatchObject({ AllowOrigins: ['https://example.com'] });
  });

  test('fails when it is asked to stream, because Python functions do not', () => {
    const endpoint = modelFunction(emptyStack());

    expect(() => endpoint.addFunctionUrl({ invokeMode: lambda.InvokeMode.RESPONSE_STREAM })).toThrow(/invokeMode RESPONSE_STREAM has no effect/);
  });

  test('fails when there is one', () => {
    const endpoint = modelFunction(emptyStack());
    endpoint.addFunctionUrl();

    expect(() => endpoint.addFunctionUrl()).toThrow(/has a URL already/);
  });
});
