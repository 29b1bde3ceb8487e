import { App, Duration, PropertyInjectors, Size, Stack } from 'aws-cdk-lib';
import type { InjectionContext, IPropertyInjector } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import * as tensorflow from '../../lib';
import { watchedCluster } from '../kubernetes/fixtures';

const { ModelFunction, ModelOptimizer, ModelSource } = tensorflow;

class Injector implements IPropertyInjector {
  constructor(public readonly constructUniqueId: string, private readonly change: (props: any, context: InjectionContext) => any) {}

  public inject(props: any, context: InjectionContext): any {
    return this.change(props, context);
  }
}

function stackWith(...injectors: IPropertyInjector[]): Stack {
  const app = new App();
  PropertyInjectors.of(app).add(...injectors);
  return new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-central-1' } });
}

const model = ModelSource.fromAsset('examples/digits/saved_model');

/** A value that each construct refuses by the name of its property. */
const REFUSED: Record<string, Record<string, unknown>> = {
  ModelAlarms: { maxErrorRate: 2 },
  ModelApi: { models: [] },
  ModelDashboard: { endpoints: [{}] },
  ModelDelivery: { key: '' },
  ModelFleet: { minCapacity: -1 },
  ModelFunction: { memorySize: 3008 },
  ModelMonitor: { period: 5 },
  ModelOptimizer: { artifactPrefix: '/' },
  ModelService: { minReplicas: -1 },
  RuntimeLayer: { bundling: 5 },
};

test('every public construct has an id for injectors, which is its name', () => {
  const constructs = Object.entries(tensorflow).filter(([, exported]) => typeof exported === 'function' && exported.prototype instanceof Construct);

  expect(constructs.map(([name]) => name).sort()).toEqual(Object.keys(REFUSED));
  expect(constructs.map(([, exported]) => (exported as any).PROPERTY_INJECTION_ID)).toEqual(constructs.map(([name]) => `cdk-tensorflow.${name}`));
});

test.each(Object.entries(REFUSED))('%s checks what an injector returns as what a user gives', (name, refused) => {
  const stack = stackWith(new Injector(`cdk-tensorflow.${name}`, (props) => ({ ...props, ...refused })));
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['eu-central-1a'] });
  const needed = { model, vpc, cluster: watchedCluster(stack), stackNames: ['Serving'] };
  const define = (tensorflow as unknown as Record<string, new (...args: unknown[]) => unknown>)[name];

  expect(() => new define(stack, 'Digits', needed))
    .toThrow(new RegExp(Object.keys(refused)[0].replace(/s$/, '')));
});

test('a default of an app is that of each construct, and what a user gives may win', () => {
  const stack = stackWith(new Injector(ModelFunction.PROPERTY_INJECTION_ID, (props) => ({ memorySize: Size.mebibytes(3008), ...props })));
  new ModelFunction(stack, 'Usual', { model });
  new ModelFunction(stack, 'Own', { model, memorySize: Size.mebibytes(1024) });

  expect(memoryOf(stack, 'Usual')).toEqual([3008]);
  expect(memoryOf(stack, 'Own')).toEqual([1024]);
});

test('the injector of the nearest scope is the one that counts', () => {
  const stack = stackWith(new Injector(ModelFunction.PROPERTY_INJECTION_ID, (props) => ({ ...props, memorySize: Size.mebibytes(3008) })));
  PropertyInjectors.of(stack).add(new Injector(ModelFunction.PROPERTY_INJECTION_ID, (props) => ({ ...props, memorySize: Size.mebibytes(2048) })));
  new ModelFunction(stack, 'Digits', { model });

  expect(memoryOf(stack, 'Digits')).toEqual([2048]);
});

test('constructs inside a construct are injected too: those of this library, and those of the CDK', () => {
  const stack = stackWith(
    new Injector(ModelOptimizer.PROPERTY_INJECTION_ID, (props) => ({ ...props, optimizationTimeout: Duration.minutes(33) })),
    new Injector(s3.Bucket.PROPERTY_INJECTION_ID, (props) => ({ ...props, objectLockEnabled: true })),
  );
  new ModelFunction(stack, 'Digits', { model });
  const template = Template.fromStack(stack);

  // Ten minutes are for waiting and publishing.
  template.hasResourceProperties('AWS::CodeBuild::Project', { TimeoutInMinutes: 23 });
  template.allResourcesProperties('AWS::S3::Bucket', { ObjectLockEnabled: true });
});

/** Returns the memory of the functions that serve a model, in MiB. */
function memoryOf(stack: Stack, id: string): number[] {
  return Object.entries(Template.fromStack(stack).findResources('AWS::Lambda::Function'))
    .filter(([logicalId]) => logicalId.startsWith(`${id}Function`)).map(([, { Properties }]) => Properties.MemorySize as number);
}
