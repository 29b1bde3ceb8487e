import { readFileSync } from 'fs';
import { join } from 'path';
import * as library from '../../lib';
import { snippetsOf, synthesizeSnippets } from '../../scripts/api/snippets';
import { ROOT } from '../../scripts/repository';

const fixture = readFileSync(join(ROOT, 'rosetta', 'default.ts-fixture'), 'utf8');

/** Returns the problems of one example, written as in a guide: jsii-rosetta moves declarations to the top, too. */
function problems(code: string, source = fixture.replace('/// here', () => code)): string[] {
  return synthesizeSnippets([{ place: 'docs/page.md:7', source }], library).map(({ place, problem }) => `${place} ${problem}`);
}

const model = 'model: ModelSource.fromAsset("models/digits")';
const declared = (code: string, declarations: string) => problems('', `${declarations}\n${fixture.replace('/// here', () => code)}`);

test('an example that works has no problem, with what it only declares', () => {
  expect(declared(`new ModelService(this, 'Digits', { cluster, ${model} });`, 'declare const cluster: eks.ICluster;')).toEqual([]);
  expect(declared(`new ModelFleet(this, 'Digits', { vpc, ${model} });`, 'declare const vpc: ec2.IVpc;')).toEqual([]);
});

test('two constructs with one id are found, which compile', () => {
  expect(problems(`new ModelFunction(this, 'Digits', { ${model} }); new ModelFunction(this, 'Digits', { ${model} });`))
    .toEqual([expect.stringMatching(/^docs\/page\.md:7 There is already a Construct with name 'Digits'/)]);
});

test('a property that validation refuses is found', () => {
  expect(problems(`new ModelFunction(this, 'Digits', { ${model}, modelName: 'a/b' });`)).toEqual([expect.stringContaining('modelName')]);
});

test('an error that a construct annotates is found, which only the command line reports', () => {
  expect(problems('this.node.addMetadata("aws:cdk:error", "no such zone");')).toEqual(['docs/page.md:7 /Example: no such zone']);
});

test('an error during synthesis is found', () => {
  expect(problems('this.node.addValidation({ validate: () => ["broken"] });')).toEqual([expect.stringContaining('broken')]);
});

test('an example that synthesizes nothing, and a declaration of a type that is not known, are found', () => {
  expect(problems('', 'const stack = 1;')).toEqual([expect.stringContaining('manifest.json')]);
  expect(declared('', 'declare const queue: sqs.IQueue;')).toEqual([expect.stringContaining('declares queue: sqs.IQueue')]);
});

test('an example with an app of its own is synthesized when its program ends', () => {
  const source = (id: string) => `import { App, CfnOutput, Stack } from 'aws-cdk-lib';
    const stack = new Stack(new App(), 'S'); new CfnOutput(stack, 'A', { value: '1' }); new CfnOutput(stack, '${id}', { value: '1' });`;
  const before = process.rawListeners('beforeExit');

  expect(problems('', source('B'))).toEqual([]);
  expect(problems('', source('A'))).toEqual([expect.stringContaining('There is already a Construct')]);
  expect(process.rawListeners('beforeExit')).toEqual(before);
});

test('an example is placed at its page and line, or at its class', () => {
  const at = (line: number) => ({ location: { api: { api: 'moduleReadme' }, field: { line } }, fullSource: '' });
  const snippets = { a: at(2), b: at(5), c: { location: { api: { api: 'type', fqn: 'cdk-tensorflow.ModelFunction' } }, fullSource: '' } };

  expect(snippetsOf({ snippets }, ['README.md', 'docs/a.md'], ['one\ntwo\n', 'three\n']).map(({ place }) => place))
    .toEqual(['README.md:2', 'docs/a.md:1', 'cdk-tensorflow.ModelFunction']);
});
