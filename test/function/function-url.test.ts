import { Duration } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
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

  test('serves the page only where it is public, and warns of that', () => {
    const stack = emptyStack();
    const endpoint = modelFunction(stack, { explorer: true });

    expect(() => endpoint.addFunctionUrl())
      .toThrow('explorer needs a function URL with FunctionUrlAuthType.NONE, because browsers do not sign requests: leave explorer out, and serve the page on your machine by '
        + '`npx cdk-tensorflow open URL`, which signs them');

    endpoint.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });

    Annotations.fromStack(stack).hasWarning('/Stack/Digits', Match.stringLikeRegexp('explorer is public by the function URL: anybody can open the page'));
    expect(resourceOf(stack, 'AWS::Lambda::Function', 'DigitsFunction').properties.Environment.Variables.EXPLORER).toBe('true');
  });

  test('of a function without the page warns of nothing', () => {
    const stack = emptyStack();

    modelFunction(stack).addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });

    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('explorer'));
    expect(resourceOf(stack, 'AWS::Lambda::Function', 'DigitsFunction').properties.Environment.Variables).not.toHaveProperty('EXPLORER');
  });

  test('accepts cross-origin settings', () => {
    const stack = emptyStack();

    modelFunction(stack).addFunctionUrl({ cors: { allowedOrigins: ['https://example.com'] } });

    expect(resourceOf(stack, 'AWS::Lambda::Url').properties.Cors).toMatchObject({ AllowOrigins: ['https://example.com'] });
  });

  test('lets pages send JSON, signed where the URL is not public, unless headers are named', () => {
    const headersOf = (options: lambda.FunctionUrlOptions) => {
      const stack = emptyStack();
      modelFunction(stack).addFunctionUrl(options);
      return resourceOf(stack, 'AWS::Lambda::Url').properties.Cors.AllowHeaders;
    };
    const allowedOrigins = ['https://example.com'];

    expect(headersOf({ cors: { allowedOrigins }, authType: lambda.FunctionUrlAuthType.NONE })).toEqual(['content-type']);
    expect(headersOf({ cors: { allowedOrigins } })).toEqual(['content-type', 'authorization', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token']);
    expect(headersOf({ cors: { allowedOrigins, allowedHeaders: undefined } })).toContain('content-type');
    expect(headersOf({ cors: { allowedOrigins, allowedHeaders: ['x-a'] } })).toEqual(['x-a']);
  });

  test('has no cross-origin settings by default', () => {
    const stack = emptyStack();

    modelFunction(stack).addFunctionUrl();

    expect(resourceOf(stack, 'AWS::Lambda::Url').properties).not.toHaveProperty('Cors');
  });

  test('refuses cross-origin settings that no browser or Lambda takes, all at once', () => {
    const add = () => modelFunction(emptyStack()).addFunctionUrl({
      cors: { allowedOrigins: ['*', 'https://a.example/'], allowCredentials: true, allowedMethods: [lambda.HttpMethod.OPTIONS], maxAge: Duration.days(2) },
    });

    const problems = [
      /got "https:\/\/a\.example\/"/, /beside '\*'/, /allowCredentials must not be true/, /must not have OPTIONS/,
      /maxAge in seconds must be between 0 and 86400, got 172800/,
    ];
    for (const problem of problems) {
      expect(add).toThrow(problem);
    }
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
