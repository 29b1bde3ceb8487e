import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as tensorflow from '../../lib';

const { ModelApi, ModelDelivery, ModelFunction, ModelOptimizer, ModelSource } = tensorflow;
const model = ModelSource.fromAsset('examples/digits/saved_model');

type Granting = Record<string, (grantee: iam.IGrantable) => iam.Grant> & { readonly grants: Record<string, (grantee: iam.IGrantable) => iam.Grant> };

/** Each class whose instances grant permissions. */
const CREATE: Record<string, (stack: Stack) => unknown> = {
  ModelApi: (stack) => new ModelApi(stack, 'Api', { models: [new ModelFunction(stack, 'Digits', { model })] }),
  ModelDelivery: (stack) => new ModelDelivery(stack, 'Delivery', { key: 'digits.zip', stackNames: ['Serving'] }),
  ModelFunction: (stack) => {
    const digits = new ModelFunction(stack, 'Digits', { model });
    digits.addFunctionUrl();
    return digits;
  },
  ModelOptimizer: (stack) => new ModelOptimizer(stack, 'Digits', { model }),
};

const grantMethods = (prototype: object) => Object.getOwnPropertyNames(prototype).filter((name) => /^grant[A-Z]/.test(name) && name !== 'grantPrincipal');
const withoutPrefix = (method: string) => method.slice('grant'.length).replace(/^./, (letter) => letter.toLowerCase());

/** The statements that a role gets from a grant. */
function statements(construct: string, grant: (granting: Granting, role: iam.Role) => unknown): unknown {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env: { account: '111122223333', region: 'eu-central-1' } });
  const role = new iam.Role(stack, 'Person', { assumedBy: new iam.AccountRootPrincipal() });
  grant(CREATE[construct](stack) as Granting, role);
  const policies = Template.fromStack(stack).findResources('AWS::IAM::Policy', { Properties: { Roles: [{ Ref: stack.getLogicalId(role.node.defaultChild as iam.CfnRole) }] } });
  return Object.values(policies).flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}

test('every class with grant methods has them as its grants, by their names without the prefix, and no others', () => {
  const granting = Object.entries(tensorflow).filter(([, exported]) => typeof exported === 'function' && grantMethods(exported.prototype ?? {}).length > 0);

  expect(granting.map(([name]) => name).sort()).toEqual(Object.keys(CREATE));
  for (const [name, exported] of granting) {
    const companion = (tensorflow as unknown as Record<string, { prototype: object }>)[`${name}Grants`];
    expect(Object.getOwnPropertyNames(companion.prototype).filter((member) => member !== 'constructor').sort())
      .toEqual(grantMethods((exported as { prototype: object }).prototype).map(withoutPrefix).sort());
  }
});

test.each(Object.keys(CREATE).flatMap((name) => grantMethods((tensorflow as any)[name].prototype).map((method) => [name, method] as const)))(
  '%s.%s gives the statements that its grants give', (name, method) => {
    const byMethod = statements(name, (granting, role) => granting[method](role));

    expect(byMethod).not.toEqual([]);
    expect(statements(name, ({ grants }, role) => grants[withoutPrefix(method)](role))).toEqual(byMethod);
  },
);

test('grants.invokeUrl fails without a URL, as grantInvokeUrl does', () => {
  const digits = new ModelFunction(new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack'), 'Digits', { model });

  expect(() => digits.grants.invokeUrl(new iam.AccountRootPrincipal())).toThrow('call addFunctionUrl() first');
});
