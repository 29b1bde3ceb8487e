import { asTypeScript, References } from './api-references';
import type { Assembly, Docs, Method, Parameter, Property, Type } from './assembly';
import { CODE } from './links';

/** The groups of types, in the order of the site. */
export const API_GROUPS = ['Constructs', 'Classes', 'Options', 'Interfaces', 'Enums'] as const;
export type ApiGroup = (typeof API_GROUPS)[number];

export interface ApiPage {
  readonly name: string;
  readonly group: ApiGroup;
  readonly summary: string;
  readonly markdown: string;
}

/**
 * Returns a page for each type of an assembly. The properties that a construct takes are part of its page.
 *
 * @param source returns the address of a line of the source.
 */
export function apiPages(assembly: Assembly, source: (file: string, line: number) => string): ApiPage[] {
  const references = new References(assembly);
  return references.pages().map((type) => ({
    name: type.name,
    group: groupOf(type, references),
    summary: text(type.docs?.summary),
    markdown: typePage(type, references, source),
  }));
}

/** Returns the page that lists all others. */
export function apiIndex(pages: readonly ApiPage[]): string {
  const groups = API_GROUPS.map((group) => ({ group, members: pages.filter((page) => page.group === group) })).filter(({ members }) => members.length > 0);
  return [
    '# API',
    'All that the package exports, for TypeScript. The names are the same in other languages, in their own style: [Languages](../guides/languages.md).',
    ...groups.map(({ group, members }) => [
      `## ${group}`,
      ['| | |', '|---|---|', ...members.map(({ name, summary }) => `| [\`${name}\`](./${name}.md) | ${summary.replaceAll('|', '\\|')} |`)].join('\n'),
    ].join('\n\n')),
  ].join('\n\n').concat('\n');
}

function groupOf(type: Type, references: References): ApiGroup {
  if (type.kind === 'enum') {
    return 'Enums';
  }
  if (type.kind === 'interface') {
    return type.datatype ? 'Options' : 'Interfaces';
  }
  return references.withAncestors(type).some(({ base }) => base === 'constructs.Construct') ? 'Constructs' : 'Classes';
}

function typePage(type: Type, references: References, source: (file: string, line: number) => string): string {
  const props = references.propsOf(type);
  const inherited = references.withAncestors(type);
  const unique = <Member extends { readonly name: string }>(members: readonly Member[]) => members
    .filter(({ name }, index) => members.findIndex((member) => member.name === name) === index)
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const methods = unique(inherited.flatMap((owner) => owner.methods ?? []));
  const attributes = unique(inherited.flatMap((owner) => owner.properties ?? []));
  const location = type.locationInModule;
  return [
    `# ${type.name}`,
    ...prose(type.docs),
    [kind(type, references), ...location ? [`[Source](${source(location.filename, location.line)})`] : []].join(' · '),
    ...example(type.docs),
    ...props ? [heading(2, 'Properties', 'properties'), `Given as \`${props.name}\`.`, ...inputs(props, references, 'prop')] : [],
    ...type.datatype ? inputs(type, references, 'prop') : [],
    ...section('Values', type.members ?? [], (member) => [heading(3, `\`${member.name}\``, `value-${member.name}`), ...prose(member.docs)]),
    ...section('Static methods', methods.filter((method) => method.static), (method) => methodText(type, method, references)),
    ...section('Methods', methods.filter((method) => !method.static), (method) => methodText(type, method, references)),
    ...section('Constants', attributes.filter((attribute) => attribute.static), (attribute) => attributeText(attribute, references)),
    ...type.datatype ? [] : section('Attributes', attributes.filter((attribute) => !attribute.static), (attribute) => attributeText(attribute, references)),
  ].join('\n\n').concat('\n');
}

function kind(type: Type, references: References): string {
  const what = { class: type.abstract ? 'Abstract class' : 'Class', interface: type.datatype ? 'Struct' : 'Interface', enum: 'Enum' }[type.kind];
  const interfaces = type.interfaces?.map((fqn) => references.link(fqn)).join(', ');
  const relations = [
    ...type.base === undefined ? [] : [`extends ${references.link(type.base)}`],
    ...interfaces ? [`${type.kind === 'class' ? 'implements' : 'extends'} ${interfaces}`] : [],
  ];
  return relations.length > 0 ? `${what} that ${relations.join(' and ')}` : what;
}

/** The members of a struct with those that it inherits, required ones first. */
function inputs(struct: Type, references: References, prefix: string): string[] {
  const owners = references.withAncestors(struct);
  const members = owners.flatMap((owner) => (owner.properties ?? []).map((property) => ({ owner, property })))
    .sort(({ property: left }, { property: right }) => Number(left.optional ?? false) - Number(right.optional ?? false) || (left.name < right.name ? -1 : 1));
  return members.flatMap(({ owner, property }) => [
    heading(3, `\`${property.name}\`${property.optional ? '' : ' (required)'}`, `${prefix}-${property.name}`),
    [
      references.linked(property.type),
      ...property.docs?.default === undefined ? [] : [`default: ${text(property.docs.default.replace(/^- /, ''))}`],
      ...owner === struct ? [] : [`from ${references.link(owner.fqn)}`],
    ].join(' · '),
    ...prose(property.docs),
  ]);
}

function methodText(type: Type, method: Method, references: References): string[] {
  const parameters = method.parameters ?? [];
  const returned = method.returns ? `${asTypeScript(method.returns.type)}${method.returns.optional ? ' | undefined' : ''}` : 'void';
  return [
    heading(3, `\`${method.name}()\``, `method-${method.name}`),
    `\`\`\`ts\n${method.static ? `${type.name}.` : ''}${method.name}(${parameters.map(parameterCode).join(', ')}): ${returned}\n\`\`\``,
    ...prose(method.docs),
    ...parameters.length > 0 ? [parameters.map((parameter) => parameterText(parameter, references)).join('\n')] : [],
    ...method.returns ? [`Returns ${references.linked(method.returns.type)}${method.docs?.returns === undefined ? '' : `: ${text(method.docs.returns)}`}`] : [],
    ...example(method.docs),
  ];
}

function parameterCode({ name, type, optional, variadic }: Parameter): string {
  return `${variadic ? '...' : ''}${name}${optional ? '?' : ''}: ${asTypeScript(type)}${variadic ? '[]' : ''}`;
}

function parameterText({ name, type, optional, docs }: Parameter, references: References): string {
  const says = docs?.summary === undefined ? '' : `: ${text(docs.summary)}`;
  return `* \`${name}\` (${references.linked(type)}${optional ? ', optional' : ''})${says}`;
}

function attributeText({ name, type, optional, docs }: Property, references: References): string[] {
  return [heading(3, `\`${name}\``, `attribute-${name}`), `${references.linked(type)}${optional ? ', may be undefined' : ''}`, ...prose(docs)];
}

function section<Member>(title: string, members: readonly Member[], content: (member: Member) => string[]): string[] {
  return members.length > 0 ? [heading(2, title, title.toLowerCase().replaceAll(' ', '-')), ...members.flatMap(content)] : [];
}

function heading(level: number, title: string, id: string): string {
  return `${'#'.repeat(level)} ${title} {#${id}}`;
}

function prose(docs: Docs | undefined): string[] {
  return [
    ...docs?.deprecated === undefined ? [] : [`**Deprecated.** ${text(docs.deprecated)}`],
    ...docs?.summary === undefined ? [] : [text(docs.summary)],
    ...docs?.remarks === undefined ? [] : [text(docs.remarks)],
    ...docs?.see === undefined ? [] : [`See <${docs.see}>.`],
  ];
}

function example(docs: Docs | undefined): string[] {
  return docs?.example === undefined ? [] : [`\`\`\`ts\n${docs.example}\n\`\`\``];
}

/** Returns a comment as Markdown in which VitePress finds neither elements of HTML nor expressions of Vue. */
function text(comment = ''): string {
  return comment.split(CODE)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll('<', '&lt;').replaceAll('{{', '&#123;&#123;'))).join('');
}
