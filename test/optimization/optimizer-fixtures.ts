import type { CfnElement } from 'aws-cdk-lib';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { ModelOptimizerProps } from '../../lib';
import { EvaluationData, ModelOptimizer, ModelSource } from '../../lib';
import { directoryWith, fileWith, savedModelFiles, ZIP } from '../model/model-files';

export const model = ModelSource.fromAsset(directoryWith(savedModelFiles()));
export const evaluation = EvaluationData.fromAsset(fileWith('held-out.npz', ZIP));

export function newStack(context: Record<string, unknown> = {}): Stack {
  return new Stack(new App({ context }), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
}

export function optimize(props: Partial<ModelOptimizerProps> = {}, stack = newStack()) {
  const optimizer = new ModelOptimizer(stack, 'Digits', { model, ...props });
  let template: Template | undefined; // synthesized once, when a test first looks at it
  return { stack, optimizer, template: () => template ??= Template.fromStack(stack) };
}

/** Reference for the properties under test. */
export const plain = optimize();

export function idOf(construct: { node: { defaultChild?: unknown } }): string {
  const element = construct.node.defaultChild as CfnElement;
  return Stack.of(element).resolve(element.logicalId);
}

export function build(template: Template): any {
  return Object.values(template.findResources('Custom::TensorFlowModelBuild'))[0];
}

export function jobOf(template: Template): any {
  const text = build(template).Properties.Job;
  return JSON.parse(typeof text === 'string' ? text : text['Fn::Join'][1].map((part: unknown) => typeof part === 'string' ? part : 'TOKEN').join(''));
}

/** All statements of a role, its own policies' included. */
export function statementsOf(template: Template, roleId: string): any[] {
  const inline = (template.findResources('AWS::IAM::Role')[roleId]?.Properties.Policies ?? []) as any[];
  const attached = Object.values(template.findResources('AWS::IAM::Policy'))
    .filter((policy: any) => JSON.stringify(policy.Properties.Roles).includes(`"${roleId}"`))
    .map(({ Properties }: any) => Properties);
  return [...inline, ...attached].flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

export const actionsOf = (statements: any[]): string[] => statements.flatMap(({ Action }) => Action);

/** Every resource that CloudFormation creates before one: what it depends on or refers to, and what those do. */
export function createdBefore(template: Template, id: string): Set<string> {
  const resources = template.toJSON().Resources as Record<string, { DependsOn?: string[] }>;
  const before = new Set<string>();
  const visit = (name: string): void => {
    const text = JSON.stringify(resources[name]);
    const referred = [...text.matchAll(/"(?:Ref|Fn::GetAtt)":\[?"(\w+)"/g), ...text.matchAll(/\$\{(\w+)/g)].map((match) => match[1]);
    for (const next of [...resources[name].DependsOn ?? [], ...referred]) {
      if (next in resources && !before.has(next)) {
        before.add(next);
        visit(next);
      }
    }
  };
  visit(id);
  return before;
}
