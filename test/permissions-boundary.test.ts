import { join } from 'path';
import { App, PERMISSIONS_BOUNDARY_CONTEXT_KEY, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ModelDelivery, ModelFunction, ModelSource } from '../lib';
import { everything } from './everything';

const app = () => new App({ context: { 'aws:cdk:bundling-stacks': [], [PERMISSIONS_BOUNDARY_CONTEXT_KEY]: { name: 'developers' } } });

function withDelivery(): Stack {
  const stack = new Stack(app(), 'Delivery');
  new ModelDelivery(stack, 'Digits', { key: 'digits.zip', stackNames: ['Serving'] });
  return stack;
}

function withRetention(): Stack {
  const stack = new Stack(app(), 'Retention');
  const model = ModelSource.fromAsset(join(__dirname, '..', 'examples', 'digits', 'saved_model'));
  new ModelFunction(stack, 'Digits', { model, retention: { versions: 5 } });
  return stack;
}

test.each([
  ['all endpoints and a monitor', () => everything(app())],
  ['a delivery', withDelivery],
  ['a function that prunes', withRetention],
])('each role of %s has the permissions boundary that the app is given', (_, make) => {
  const roles = Object.values(Template.fromStack(make()).findResources('AWS::IAM::Role'));

  expect(roles.length).toBeGreaterThan(1);
  for (const { Properties } of roles) {
    expect(JSON.stringify(Properties.PermissionsBoundary)).toContain(':policy/developers');
  }
});
