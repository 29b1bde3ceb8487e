import { Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { ModelApiProps } from '../../lib';
import { ModelApi, ModelApiAuthorizationType, ModelApiType } from '../../lib';
import { emptyStack, FLAG_SETS, modelFunction, resourceOf } from '../function/fixtures';

/** The paths of the models digits and wine. */
const PATHS = ['digits', 'wine'].flatMap((name) => [
  `GET /v1/models/${name}`, `POST /v1/models/${name}:predict`, `GET /v1/models/${name}/{proxy+}`, `POST /v1/models/${name}/{proxy+}`,
  `GET /v2/models/${name}`, `GET /v2/models/${name}/{proxy+}`, `POST /v2/models/${name}/{proxy+}`,
]).sort();

const PLAN = { throttle: { rateLimit: 10, burstLimit: 20 }, quota: { limit: 10_000, period: apigateway.Period.DAY } };

function modelsOf(stack: Stack) {
  return ['digits', 'wine'].map((modelName) => modelFunction(stack, { modelName }, modelName));
}

function apiOf(stack: Stack, props: Partial<ModelApiProps> = {}): ModelApi {
  return new ModelApi(stack, 'Api', { models: modelsOf(stack), ...props });
}

const rest = (props: Partial<ModelApiProps> = {}) => ({ apiType: ModelApiType.REST, ...props });
const resources = (stack: Stack, type: string) => Object.entries(Template.fromStack(stack).findResources(type))
  .map(([id, { Properties }]) => ({ id, ...Properties }));

/** The methods of a REST API with their whole paths, and what each calls. */
function restMethods(stack: Stack): Record<string, any> {
  const parts = Object.fromEntries(resources(stack, 'AWS::ApiGateway::Resource').map(({ id, ParentId, PathPart }) => [id, { parent: ParentId.Ref, part: PathPart }]));
  const path = (id: string | undefined): string => id && parts[id] ? `${path(parts[id].parent)}/${parts[id].part}` : '';
  return Object.fromEntries(resources(stack, 'AWS::ApiGateway::Method').map((method) => [`${method.HttpMethod} ${path(method.ResourceId.Ref)}`, method]));
}

/** The text of the logical id of a model's alias. */
const aliasOf = (stack: Stack, name: string) => resourceOf(stack, 'AWS::Lambda::Alias', name).id;

describe.each(FLAG_SETS)('one API for several models, %s', (_, flags) => {
  test('an HTTP API passes the paths of each model to the alias of its function, and no other path', () => {
    const stack = emptyStack(flags);

    apiOf(stack);

    const integrations = Object.fromEntries(resources(stack, 'AWS::ApiGatewayV2::Integration').map(({ id, IntegrationUri }) => [id, IntegrationUri.Ref]));
    const routes = resources(stack, 'AWS::ApiGatewayV2::Route');
    expect(routes.map(({ RouteKey }) => RouteKey).sort()).toEqual(PATHS);
    for (const { RouteKey, Target } of routes) {
      expect([RouteKey, integrations[Target['Fn::Join'][1][1].Ref]]).toEqual([RouteKey, aliasOf(stack, RouteKey.includes('digits') ? 'digits' : 'wine')]);
    }
  });

  test('a REST API passes the same paths, with bodies as base64, which tensors in binary form need', () => {
    const stack = emptyStack(flags);

    apiOf(stack, rest());

    const methods = restMethods(stack);
    expect(Object.keys(methods).sort()).toEqual(PATHS);
    for (const [path, { Integration: { Type, Uri } }] of Object.entries(methods)) {
      expect([path, Type, JSON.stringify(Uri).includes(aliasOf(stack, path.includes('digits') ? 'digits' : 'wine'))]).toEqual([path, 'AWS_PROXY', true]);
    }
    expect(resourceOf(stack, 'AWS::ApiGateway::RestApi').properties).toMatchObject({ BinaryMediaTypes: ['*/*'], EndpointConfiguration: { Types: ['REGIONAL'] } });
    Template.fromStack(stack).resourceCountIs('AWS::ApiGateway::Account', 0);
  });

  test.each([['HTTP', {}], ['REST', rest()]])('callers of the %s API sign their requests unless it is public', (__, props) => {
    const types = (more: Partial<ModelApiProps>) => {
      const stack = emptyStack(flags);
      apiOf(stack, { ...props, ...more });
      return [...new Set(['AWS::ApiGatewayV2::Route', 'AWS::ApiGateway::Method'].flatMap((type) => resources(stack, type)).map(({ AuthorizationType }) => AuthorizationType))];
    };

    expect(types({})).toEqual(['AWS_IAM']);
    expect(types({ authorizationType: ModelApiAuthorizationType.NONE })).toEqual(['NONE']);
  });

  test.each([['HTTP', {}], ['REST', rest()]])('the %s API may invoke each alias by one permission, however many paths there are', (__, props) => {
    const stack = emptyStack(flags);

    apiOf(stack, props);

    const permissions = resources(stack, 'AWS::Lambda::Permission').filter(({ Principal }) => Principal === 'apigateway.amazonaws.com');
    expect(permissions.map(({ FunctionName }) => FunctionName.Ref).sort()).toEqual([aliasOf(stack, 'digits'), aliasOf(stack, 'wine')]);
  });

  test.each([['HTTP', {}, '/$default/*/*'], ['REST', rest(), '/*/*']])('who is granted the %s API may call its stage and nothing else', (__, props, end) => {
    const stack = emptyStack(flags);
    const role = new iam.Role(stack, 'Caller', { assumedBy: new iam.AccountRootPrincipal() });

    apiOf(stack, props).grantInvoke(role);

    const [{ PolicyDocument: { Statement } }] = resources(stack, 'AWS::IAM::Policy').filter(({ id }) => id.startsWith('CallerDefaultPolicy'));
    expect(Statement).toEqual([{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: expect.anything() }]);
    expect(Statement[0].Resource['Fn::Join'][1].at(-1)).toMatch(new RegExp(`${end.replace(/[*$]/g, '\\$&')}$`));
  });
});

test('the address is that of the stage', () => {
  const stack = emptyStack();

  expect(JSON.stringify(stack.resolve(apiOf(stack).url))).toMatch(/execute-api.*\/"\]\]\}$/);
});

test('an HTTP API lets pages of named origins call, and read answers', () => {
  const cors = (props: Partial<ModelApiProps>) => {
    const stack = emptyStack();
    apiOf(stack, props);
    return resourceOf(stack, 'AWS::ApiGatewayV2::Api').properties.CorsConfiguration;
  };
  const allowedOrigins = ['https://www.example.com'];

  expect(cors({ cors: { allowedOrigins, maxAge: Duration.hours(1) }, authorizationType: ModelApiAuthorizationType.NONE })).toEqual({
    AllowOrigins: allowedOrigins, AllowHeaders: ['content-type'], AllowMethods: ['GET', 'POST'], MaxAge: 3600,
  });
  expect(cors({ cors: { allowedOrigins } }).AllowHeaders).toContain('authorization');
  expect(cors({ cors: { allowedOrigins, allowedHeaders: ['x-request-id'] } }).AllowHeaders).toEqual(['x-request-id']);
  expect(cors({})).toBeUndefined();
});

test('one limit holds for all callers together', () => {
  const throttle = { rateLimit: 0.5, burstLimit: 1 };
  const [http, regional] = [emptyStack(), emptyStack()];

  apiOf(http, { throttle });
  apiOf(regional, rest({ throttle }));

  expect(resourceOf(http, 'AWS::ApiGatewayV2::Stage').properties.DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 0.5, ThrottlingBurstLimit: 1 });
  expect(resourceOf(regional, 'AWS::ApiGateway::Stage').properties.MethodSettings)
    .toEqual([expect.objectContaining({ HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 0.5, ThrottlingBurstLimit: 1 })]);
});

describe('keys', () => {
  test('are asked for on every path, and have one usage plan of the stage', () => {
    const stack = emptyStack();

    const api = apiOf(stack, rest({ apiKeyRequired: true, usagePlan: PLAN }));

    expect(new Set(Object.values(restMethods(stack)).map(({ ApiKeyRequired }) => ApiKeyRequired))).toEqual(new Set([true]));
    expect(resourceOf(stack, 'AWS::ApiGateway::UsagePlan').properties).toEqual({
      ApiStages: [{ ApiId: stack.resolve(api.restApi!.restApiId), Stage: stack.resolve(api.restApi!.deploymentStage.stageName), Throttle: {} }],
      Throttle: { RateLimit: 10, BurstLimit: 20 }, Quota: { Limit: 10_000, Period: 'DAY' },
    });
    expect(resourceOf(stack, 'AWS::ApiGateway::UsagePlanKey').properties).toEqual({
      KeyId: stack.resolve(api.apiKey!.keyId), KeyType: 'API_KEY', UsagePlanId: stack.resolve(api.usagePlan!.usagePlanId),
    });
  });

  test('of further callers are in the same plan', () => {
    const stack = emptyStack();
    const api = apiOf(stack, rest({ apiKeyRequired: true }));

    const shop = api.addApiKey('Shop', { apiKeyName: 'shop' });

    expect(resources(stack, 'AWS::ApiGateway::UsagePlanKey').map(({ KeyId, UsagePlanId }) => [KeyId, UsagePlanId]).sort())
      .toEqual([api.apiKey!, shop].map(({ keyId }) => [stack.resolve(keyId), stack.resolve(api.usagePlan!.usagePlanId)]).sort());
  });

  test('are in no template unless they are asked for', () => {
    const stack = emptyStack();

    const { apiKey, usagePlan } = apiOf(stack, rest());

    expect([apiKey, usagePlan]).toEqual([undefined, undefined]);
    ['ApiKey', 'UsagePlan', 'UsagePlanKey'].forEach((type) => Template.fromStack(stack).resourceCountIs(`AWS::ApiGateway::${type}`, 0));
  });
});

describe('the access log', () => {
  test('of an HTTP API keeps three months', () => {
    const stack = emptyStack();

    const { logGroup } = apiOf(stack);

    expect(resourceOf(stack, 'AWS::ApiGatewayV2::Stage').properties.AccessLogSettings.DestinationArn).toEqual(stack.resolve(logGroup!.logGroupArn));
    expect(resourceOf(stack, 'AWS::Logs::LogGroup', 'Api').properties).toEqual({ RetentionInDays: 90 });
  });

  test.each([['HTTP', {}, 'AWS::ApiGatewayV2::Stage', 'AccessLogSettings'], ['REST', rest(), 'AWS::ApiGateway::Stage', 'AccessLogSetting']])('of the %s API goes to the given log group', (_, props, type, property) => {
    const stack = emptyStack();
    const logGroup = logs.LogGroup.fromLogGroupName(stack, 'Given', 'access');

    expect(apiOf(stack, { ...props, logGroup }).logGroup).toBe(logGroup);

    expect(JSON.stringify(resourceOf(stack, type).properties[property].DestinationArn)).toContain(':log-group:access');
    expect(resources(stack, 'AWS::Logs::LogGroup').filter(({ id }) => id.startsWith('Api'))).toEqual([]);
  });

  test('is none of a REST API unless a log group is given, because it needs a role of the account', () => {
    const stack = emptyStack();

    expect(apiOf(stack, rest()).logGroup).toBeUndefined();
    expect(resourceOf(stack, 'AWS::ApiGateway::Stage').properties).not.toHaveProperty('AccessLogSetting');
  });
});

test.each([['HTTP', {}, 'AWS::ApiGatewayV2::Api'], ['REST', rest(), 'AWS::ApiGateway::RestApi']])('the %s API is named after its models, or as is said', (_, props, type) => {
  const nameOf = (more: Partial<ModelApiProps>) => {
    const stack = emptyStack();
    apiOf(stack, { ...props, ...more });
    return resourceOf(stack, type).properties.Name;
  };

  expect(nameOf({})).toBe('digits-wine');
  expect(nameOf({ apiName: 'models' })).toBe('models');
});

test('a name made of many models is cut to what API Gateway takes', () => {
  const stack = emptyStack();
  const models = ['a', 'b', 'c'].map((letter) => modelFunction(stack, { modelName: letter.repeat(60) }, letter));

  new ModelApi(stack, 'Api', { models });

  expect(resourceOf(stack, 'AWS::ApiGatewayV2::Api').properties.Name).toBe(`${'a'.repeat(60)}-${'b'.repeat(60)}-${'c'.repeat(6)}`);
});

test('two APIs may stand in front of one function', () => {
  const stack = emptyStack();
  const models = modelsOf(stack);

  new ModelApi(stack, 'Signed', { models });
  new ModelApi(stack, 'Regional', { models, apiType: ModelApiType.REST });

  expect(resources(stack, 'AWS::Lambda::Permission').filter(({ Principal }) => Principal === 'apigateway.amazonaws.com')).toHaveLength(4);
});

test('functions of another stack are called', () => {
  const functions = emptyStack();
  const stack = new Stack(functions.node.root as any, 'Public');

  new ModelApi(stack, 'Api', { models: modelsOf(functions) });

  Template.fromStack(stack).resourceCountIs('AWS::ApiGatewayV2::Integration', 2);
});

describe('the page of explorer', () => {
  const warnings = (props: Partial<ModelApiProps>) => {
    const stack = emptyStack();
    new ModelApi(stack, 'Api', { models: [modelFunction(stack, { explorer: true })], ...props });
    return Annotations.fromStack(stack).findWarning('/Stack/Api', Match.stringLikeRegexp('explorer is public by the API: anybody can open the page'));
  };

  test('is warned of where anybody can open it', () => {
    expect(warnings({ authorizationType: ModelApiAuthorizationType.NONE })).toHaveLength(1);
  });

  test('is behind the signature or the key otherwise', () => {
    expect(warnings({})).toEqual([]);
    expect(warnings(rest({ authorizationType: ModelApiAuthorizationType.NONE, apiKeyRequired: true }))).toEqual([]);
  });
});

describe('is refused:', () => {
  const both = { rateLimit: 1, burstLimit: 1 };
  const keyed = (usagePlan: ModelApiProps['usagePlan']) => rest({ apiKeyRequired: true, usagePlan });

  test.each<[string, Partial<ModelApiProps>, string]>([
    ['no model', { models: [] }, 'models must have at least one ModelFunction, got none'],
    ['a key of an HTTP API', { apiKeyRequired: true },
      'apiKeyRequired must not be true for ModelApiType.HTTP, whose APIs have no API keys at AWS: give apiType: ModelApiType.REST, or leave it out'],
    ['a usage plan of an HTTP API', { usagePlan: PLAN },
      'usagePlan must not be given for ModelApiType.HTTP, whose APIs have no API keys at AWS: give apiType: ModelApiType.REST, or use throttle for all callers together'],
    ['a usage plan that nobody is in', rest({ usagePlan: PLAN }),
      'usagePlan needs apiKeyRequired: true, because it limits callers by their API keys: give it, or use throttle for all callers together'],
    ['pages of other origins at a REST API', rest({ cors: { allowedOrigins: ['*'] } }),
      'cors must not be given for ModelApiType.REST, which adds no permission to the answers of a function, so that browsers keep them from the page: '
      + 'give apiType: ModelApiType.HTTP, or use addFunctionUrl({ cors })'],
    ['an origin with a path', { cors: { allowedOrigins: ['https://example.com/app'] } }, 'cors.allowedOrigins must have origins as browsers send them'],
    ['a name of no character', { apiName: '' }, 'apiName must have from 1 to 128 characters, got 0'],
    ['a name that is too long', { apiName: 'a'.repeat(129) }, 'apiName must have from 1 to 128 characters, got 129'],
    ['half a limit', { throttle: { rateLimit: 1 } }, 'throttle needs both rateLimit and burstLimit, got rateLimit only'],
    ['the other half', { throttle: { burstLimit: 1 } }, 'throttle needs both rateLimit and burstLimit, got burstLimit only'],
    ['a limit of nothing', { throttle: {} }, 'throttle needs both rateLimit and burstLimit, got neither'],
    ['a rate of no request', { throttle: { ...both, rateLimit: 0 } }, 'throttle.rateLimit must be above 0 requests a second, got 0'],
    ['a rate that is no number', { throttle: { ...both, rateLimit: NaN } }, 'throttle.rateLimit must be above 0 requests a second, got NaN'],
    ['a burst of no request', { throttle: { ...both, burstLimit: 0 } }, 'throttle.burstLimit must be between 1 and 2147483647, got 0'],
    ['a part of a request', { throttle: { ...both, burstLimit: 1.5 } }, 'throttle.burstLimit must be a whole number between 1 and 2147483647, got 1.5'],
    ['half a limit of a key', keyed({ throttle: { rateLimit: 1 } }), 'usagePlan.throttle needs both rateLimit and burstLimit, got rateLimit only'],
    ['a quota without a period', keyed({ quota: { limit: 1 } }), 'usagePlan.quota needs both limit and period, got limit only'],
    ['a quota without a limit', keyed({ quota: { period: apigateway.Period.DAY } }), 'usagePlan.quota needs both limit and period, got period only'],
    ['a quota of nothing', keyed({ quota: { limit: 0, period: apigateway.Period.DAY } }), 'usagePlan.quota.limit must be between 1 and 2147483647, got 0'],
    ['an eighth day of a week', keyed({ quota: { limit: 10, offset: 7, period: apigateway.Period.WEEK } }), 'usagePlan.quota.offset of the period WEEK must be between 0 and 6, got 7'],
    ['a log group that is a text', { logGroup: 'access' as any }, 'logGroup must be an ILogGroup, got "access"'],
  ])('%s', (_, props, sentence) => {
    expect(() => apiOf(emptyStack(), props)).toThrow(sentence);
  });

  test('the same modelName twice, by two functions or by one', () => {
    const stack = emptyStack();
    const [digits, other] = ['First', 'Second'].map((id) => modelFunction(stack, { modelName: 'digits' }, id));
    const sentence = 'models must have each modelName once, got "digits" 2 times: give each ModelFunction a modelName of its own, which the paths of the API are made of';

    expect(() => new ModelApi(stack, 'Two', { models: [digits, other] })).toThrow(sentence);
    expect(() => new ModelApi(stack, 'One', { models: [digits, digits] })).toThrow(sentence);
  });

  test('everything at once', () => {
    expect(() => apiOf(emptyStack(), { models: [], apiKeyRequired: true, throttle: { rateLimit: -1, burstLimit: -1 } })).toThrow('4 problems:');
  });

  test('a key where none is asked for', () => {
    expect(() => apiOf(emptyStack(), rest()).addApiKey('Shop'))
      .toThrow('a key has no effect, because the API asks for none: give apiType: ModelApiType.REST and apiKeyRequired: true');
  });

  test('a grant where anybody may call', () => {
    const api = apiOf(emptyStack(), { authorizationType: ModelApiAuthorizationType.NONE });

    expect(() => api.grantInvoke(new iam.AccountRootPrincipal()))
      .toThrow('a grant has no effect, because authorizationType is ModelApiAuthorizationType.NONE: give IAM, or leave the grant out');
  });
});
