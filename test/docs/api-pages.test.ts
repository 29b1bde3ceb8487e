import { apiIndex, apiPages } from '../../scripts/docs/api-pages';
import type { Assembly } from '../../scripts/docs/assembly';

const string = { primitive: 'string' };
const assembly: Assembly = {
  name: 'lib',
  types: {
    'lib.Thing': {
      fqn: 'lib.Thing', name: 'Thing', kind: 'class', base: 'constructs.Construct', interfaces: ['lib.IThing'],
      docs: { summary: 'A <thing> with {{ braces }}.', remarks: 'See `List<string>`.', example: 'new Thing(this, \'T\', { size: 1 });' },
      locationInModule: { filename: 'lib/thing.ts', line: 7 },
      initializer: { parameters: [{ name: 'scope', type: { fqn: 'constructs.Construct' } }, { name: 'id', type: string }, { name: 'props', type: { fqn: 'lib.ThingProps' } }] },
      methods: [{
        name: 'add', docs: { summary: 'Adds parts.' }, parameters: [{ name: 'parts', variadic: true, type: { fqn: 'lib.Part' }, docs: { summary: 'what to add.' } }],
        returns: { type: { fqn: 'aws-cdk-lib.aws_iam.Grant' } },
      }, { name: 'fromName', static: true, docs: { summary: 'Finds one.' }, returns: { type: { fqn: 'lib.Thing' } } }],
      properties: [{ name: 'names', type: { collection: { kind: 'array', elementtype: string } }, docs: { summary: 'All names.' } }],
    },
    'lib.ThingProps': {
      fqn: 'lib.ThingProps', name: 'ThingProps', kind: 'interface', datatype: true, interfaces: ['lib.CommonOptions'],
      properties: [{ name: 'size', type: { primitive: 'number' }, docs: { summary: 'How large.' } }],
    },
    'lib.CommonOptions': {
      fqn: 'lib.CommonOptions', name: 'CommonOptions', kind: 'interface', datatype: true, interfaces: ['lib.INamed'],
      properties: [{
        name: 'color', optional: true, type: { fqn: 'lib.Color' }, docs: { summary: 'Which color.', default: '- red', see: 'https://example.com' },
      }],
    },
    'lib.Color': { fqn: 'lib.Color', name: 'Color', kind: 'enum', members: [{ name: 'RED', docs: { summary: 'Like a | in a table.' } }], docs: { summary: 'A|B' } },
    'lib.Part': { fqn: 'lib.Part', name: 'Part', kind: 'class', abstract: true, docs: { summary: 'A part.', deprecated: 'use Thing' } },
    'lib.INamed': { fqn: 'lib.INamed', name: 'INamed', kind: 'interface', datatype: true },
    'lib.IThing': { fqn: 'lib.IThing', name: 'IThing', kind: 'interface', methods: [{ name: 'wait', docs: { summary: 'Waits.' } }] },
  },
};
const pages = apiPages(assembly, (file, line) => `https://example.com/${file}#L${line}`);
const page = (name: string) => pages.find((each) => each.name === name)!.markdown;

test('each type has a page, and the properties of a construct are in its own', () => {
  expect(pages.map(({ name, group }) => [name, group])).toEqual([
    ['Color', 'Enums'], ['CommonOptions', 'Options'], ['INamed', 'Options'], ['IThing', 'Interfaces'], ['Part', 'Classes'], ['Thing', 'Constructs'],
  ]);
  expect(page('Thing')).toContain('## Properties {#properties}\n\nGiven as `ThingProps`.\n\n### `size` (required) {#prop-size}\n\n`number`\n\nHow large.');
});

test('a property says its type, its default and where it is inherited from', () => {
  expect(page('Thing')).toContain([
    '### `color` {#prop-color}', '[`Color`](./Color.md) · default: red · from [`CommonOptions`](./CommonOptions.md)', 'Which color.', 'See <https://example.com>.',
  ].join('\n\n'));
});

test('a method says its parameters and what it returns, and types of the CDK lead to its reference', () => {
  expect(page('Thing')).toContain([
    '### `add()` {#method-add}', '```ts\nadd(...parts: Part[]): Grant\n```', 'Adds parts.', '* `parts` ([`Part`](./Part.md)): what to add.',
    'Returns [`Grant`](https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam.Grant.html)',
  ].join('\n\n'));
  expect(page('Thing')).toContain('## Static methods {#static-methods}\n\n### `fromName()` {#method-fromName}\n\n```ts\nThing.fromName(): Thing\n```');
});

test('members of an interface that a class implements are in its page, with its own', () => {
  expect(page('Thing')).toContain('### `wait()` {#method-wait}');
  expect(page('Thing')).toContain('## Attributes {#attributes}\n\n### `names` {#attribute-names}\n\nlist of `string`\n\nAll names.');
});

test('comments cannot become HTML or an expression of Vue, and code in them stays', () => {
  expect(page('Thing')).toContain('A &lt;thing> with &#123;&#123; braces }}.\n\nSee `List<string>`.');
});

test('a page begins with its kind, its source and its example', () => {
  expect(page('Thing')).toContain('Class that extends [`Construct`](https://docs.aws.amazon.com/cdk/api/v2/docs/constructs.Construct.html) and implements [`IThing`](./IThing.md)'
    + ' · [Source](https://example.com/lib/thing.ts#L7)\n\n```ts\nnew Thing(this, \'T\', { size: 1 });\n```');
  expect(page('Part')).toContain('# Part\n\n**Deprecated.** use Thing\n\nA part.\n\nAbstract class');
  expect(page('CommonOptions')).toContain('Struct that extends [`INamed`](./INamed.md)\n');
  expect(page('Color')).toContain('## Values {#values}\n\n### `RED` {#value-RED}');
});

test('the list of all pages has constructs first, and a bar in a sentence ends no cell', () => {
  const index = apiIndex(pages);
  expect([...index.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual(['Constructs', 'Classes', 'Options', 'Interfaces', 'Enums']);
  expect(index).toContain('| [`Color`](./Color.md) | A\\|B |');
});

test('each link between pages leads to a page', () => {
  const names = pages.map(({ name }) => name);
  const linked = pages.flatMap(({ markdown }) => [...markdown.matchAll(/\]\(\.\/(\w+)\.md/g)].map(([, name]) => name));
  expect(linked.length).toBeGreaterThan(4);
  expect(linked.filter((name) => !names.includes(name))).toEqual([]);
});
