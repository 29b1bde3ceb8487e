import { readFileSync } from 'fs';
import { join, resolve } from 'path';
import * as cdk from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ModuleKind, ScriptTarget, transpile } from 'typescript';
import * as library from '../../lib';

const ROOT = resolve(__dirname, '..', '..');

/** Runs an example's app with this library, and returns the template of its only stack. */
function templateOf(path: string): Template {
  const apps: cdk.App[] = [];
  class Kept extends cdk.App {
    constructor() {
      super({ context: { 'aws:cdk:bundling-stacks': [] } });
      apps.push(this);
    }
  }
  const modules: Record<string, unknown> = { 'aws-cdk-lib': { ...cdk, App: Kept }, 'cdk-tensorflow': library };
  const source = readFileSync(join(ROOT, path), 'utf8').replaceAll('\'../../digits/', '\'examples/digits/');
  const run = new Function('require', 'exports', transpile(source, { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 })) as (...given: unknown[]) => void;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- as the transpiled example does
  run((name: string) => modules[name] ?? require(name), {});
  return Template.fromStack(apps[0].node.children.find((child) => cdk.Stack.isStack(child)) as cdk.Stack);
}

test('the example of a service has the add-on by whose metrics its pods are scaled, before them', () => {
  const template = templateOf('examples/typescript/service/app.ts');
  const [[addon]] = Object.entries(template.findResources('AWS::EKS::Addon', { Properties: { AddonName: 'metrics-server' } }));
  const objects = Object.entries(template.findResources('Custom::AWSCDK-EKS-KubernetesResource'));
  const [[, autoscaler]] = objects.filter(([id]) => id.includes('Autoscaler'));

  expect(JSON.stringify(autoscaler.Properties.Manifest)).toMatch(/maxReplicas[^\d]*10/);
  expect(autoscaler.DependsOn).toContain(addon);
});
