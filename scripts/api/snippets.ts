import { cpSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { compileFunction } from 'vm';
import { App } from 'aws-cdk-lib';
import { CloudAssembly, SynthesisMessageLevel } from 'aws-cdk-lib/cx-api';
import type { Construct } from 'constructs';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { ROOT } from '../repository';

/** An example with its fixture, as jsii-rosetta compiled it, and the file and line that it comes from. */
export interface Snippet {
  readonly place: string;
  readonly source: string;
}

/** An example that cannot be synthesized. */
export interface SnippetProblem {
  readonly place: string;
  readonly problem: string;
}

/** Snippets that jsii-rosetta extracted, with the place of each. */
export interface Tablet {
  readonly snippets: Record<string, {
    readonly location: { readonly api: { readonly api: string; readonly fqn?: string }; readonly field?: { readonly line?: number } };
    readonly fullSource: string;
  }>;
}

type StackClass = new (scope: Construct, id: string) => Construct;

/** Makes the value of `declare const x: T` in an example, by its type. `id` is a literal, and `this` the example's stack. */
const VALUES: Record<string, (id: string) => string> = {
  'App': () => 'this.node.root as App',
  'cloudwatch.IAlarm': (id) => `cloudwatch.Alarm.fromAlarmName(this, ${id}, ${id})`,
  'ec2.IConnectable': (id) => `new ec2.Connections({ securityGroups: [${VALUES['ec2.ISecurityGroup'](id)}] })`,
  'ec2.ISecurityGroup': (id) => `ec2.SecurityGroup.fromSecurityGroupId(this, ${id}, 'sg-0123456789abcdef0')`,
  'ec2.IVpc': (id) => `new ec2.Vpc(this, ${id}, {
    subnetConfiguration: ['PUBLIC', 'PRIVATE_WITH_EGRESS', 'PRIVATE_ISOLATED'].map((type) => ({ name: type, subnetType: ec2.SubnetType[type] })),
  })`,
  'ec2.SecurityGroup': (id) => `new ec2.SecurityGroup(this, ${id}, { vpc: ${VALUES['ec2.IVpc']('"Network"')} })`,
  'ecr.IRepository': (id) => `ecr.Repository.fromRepositoryName(this, ${id}, 'models')`,
  'eks.ICluster': (id) => `eks.Cluster.fromClusterAttributes(this, ${id}, {
    clusterName: 'models',
    clusterSecurityGroupId: 'sg-0123456789abcdef0',
    kubectlProvider: new eks.KubectlProvider(this, 'Kubectl', {
      cluster: eks.Cluster.fromClusterAttributes(this, 'Named', { clusterName: 'models' }),
      kubectlLayer: ${VALUES['lambda.ILayerVersion']('"KubectlLayer"')},
    }),
  })`,
  'iam.IRole': (id) => `iam.Role.fromRoleName(this, ${id}, ${id})`,
  'kms.IKey': (id) => `new kms.Key(this, ${id})`,
  'lambda.ILayerVersion': (id) => `lambda.LayerVersion.fromLayerVersionArn(this, ${id}, this.formatArn({ service: 'lambda', resource: 'layer:kubectl:1' }))`,
  'ModelDelivery': (id) => `new ModelDelivery(this, ${id}, { key: 'digits.zip', stackNames: ['Serving'] })`,
  'ModelFleet': (id) => `new ModelFleet(this, ${id}, { vpc: ${VALUES['ec2.IVpc']('"Vpc"')}, model: ModelSource.fromAsset('models/digits'), embeddedMetrics: true })`,
  'ModelFunction': (id) => `new ModelFunction(this, ${id}, {
    model: ModelSource.fromAsset('models/digits'),
    evaluation: EvaluationData.fromAsset('models/digits.npz'),
    capture: RequestCapture.sampled({ rate: 0.1, retention: Duration.days(30) }),
  })`,
  'ModelService': (id) => `new ModelService(this, ${id}, { cluster: ${VALUES['eks.ICluster']('"Cluster"')}, model: ModelSource.fromAsset('models/digits') })`,
  's3.IBucket': (id) => `s3.Bucket.fromBucketName(this, ${id}, ${id}.toLowerCase())`,
  'secretsmanager.ISecret': (id) => `new secretsmanager.Secret(this, ${id})`,
  'sns.ITopic': (id) => `new sns.Topic(this, ${id})`,
};

/** Returns the examples of a tablet. `texts` are the pages, which were its README in this order, each followed by an empty line. */
export function snippetsOf({ snippets }: Tablet, pages: string[], texts: string[]): Snippet[] {
  const lines = texts.map((text) => `${text}\n\n`.split('\n').length - 1);
  return Object.values(snippets).map(({ location, fullSource }) => {
    let line = location.field?.line ?? 0;
    const page = lines.findIndex((count) => line <= count || (line -= count) < 0);
    return { place: location.api.fqn ?? `${pages[page]}:${line}`, source: fullSource };
  });
}

/** Files that stand for those that examples name, each relative to where an app runs: a path of this repository. */
const FILES = {
  'digits': 'examples/digits',
  'examples/digits': 'examples/digits',
  'examples/hooks': 'examples/hooks',
  'hook': 'examples/hooks/stdlib',
  'models/audio': 'examples/digits/saved_model',
  'models/digits': 'examples/digits/saved_model',
  'models/digits.keras': 'optimizer/tests/fixtures/old_tensorflow/dense_2_15.keras',
  'models/digits.npz': 'examples/digits/evaluation.npz',
  'models/loans': 'examples/digits/saved_model',
  'models/mymodel': 'examples/digits/saved_model',
  'models/weather.keras': 'examples/weather/weather.keras',
  'models/weather.npz': 'examples/weather/evaluation.npz',
  'saved_model': 'examples/digits/saved_model',
};

/** Loads another module than this library for an example: the CDK must be the same one everywhere. */
const load = require;

/** Properties of the stack of an example with a fleet, which looks up its image in an account and a Region. */
const KNOWN = '{ env: { account: "123456789012", region: "eu-central-1" } }';

/** Assets are neither bundled nor copied, and the CDK's rules for templates of CloudFormation, which take seconds, are left out. */
const SETTINGS = { CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [], 'aws:cdk:disable-asset-staging': true }), CDK_VALIDATION: 'false' };

/**
 * Synthesizes examples in this process, and returns all that cannot be.
 *
 * @param library the module that an example imports as `cdk-tensorflow`
 */
export function synthesizeSnippets(snippets: Snippet[], library: object): SnippetProblem[] {
  const directory = mkdtempSync(join(tmpdir(), 'snippets-'));
  const before = { directory: process.cwd(), environment: process.env };
  for (const [name, path] of Object.entries(FILES)) {
    cpSync(join(ROOT, path), join(directory, name), { recursive: true });
  }
  try {
    process.chdir(directory);
    return snippets.flatMap(({ place, source }, index) => {
      const output = join(directory, `cdk.out.${index}`);
      process.env = { ...before.environment, ...SETTINGS, CDK_OUTDIR: output };
      return problemsOf(source, library, output).map((problem) => ({ place, problem }));
    });
  } finally {
    process.chdir(before.directory);
    process.env = before.environment;
    rmSync(directory, { recursive: true });
  }
}

function problemsOf(source: string, library: object, output: string): string[] {
  const exported: Record<string, unknown> = {};
  const listeners = process.rawListeners('beforeExit');
  const added = () => process.rawListeners('beforeExit').filter((listener) => !listeners.includes(listener));
  try {
    const run = compileFunction(javaScript(source), ['require', 'exports']);
    run((name: string) => name === 'cdk-tensorflow' ? library : load(name), exported);
    // An example that makes no app of its own exports its stack, as the fixture does.
    const stacks = Object.entries(exported);
    if (stacks.length > 0) {
      const app = new App();
      stacks.forEach(([name, stack]) => new (stack as StackClass)(app, name));
    }
    // An app with CDK_OUTDIR synthesizes when its program ends.
    added().forEach((synthesize) => synthesize());
    return errorsOf(new CloudAssembly(output));
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    added().forEach((listener) => process.removeListener('beforeExit', listener as () => void));
  }
}

/** Translates an example to JavaScript. What it only declares gets a value where its stack begins. */
function javaScript(source: string): string {
  const values: string[] = [];
  const defined = source.replace(/declare const (\w+): ([\w.]+);/g, (_, name: string, type: string) => {
    if (!(type in VALUES)) {
      throw new Error(`declares ${name}: ${type}, for which scripts/api/snippets.ts has no value`);
    }
    values.push(`const ${name} = ${VALUES[type](JSON.stringify(`Declared${name[0].toUpperCase()}${name.slice(1)}`))};`);
    return '';
  });
  const properties = [defined, ...values].some((code) => code.includes('new ModelFleet(')) ? KNOWN : '{}';
  const complete = defined.replace('super(scope, id);', () => `super(scope, id, ${properties}); ${values.join('\n')}`);
  return transpileModule(complete, { compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 } }).outputText;
}

/** Returns the errors that constructs annotated, which the CDK's command line reports and `synth()` does not throw. */
function errorsOf(assembly: CloudAssembly): string[] {
  return assembly.stacksRecursively.flatMap(({ messages }) => messages)
    .filter(({ level }) => level === SynthesisMessageLevel.ERROR).map(({ id, entry }) => `${id}: ${String(entry.data)}`);
}
