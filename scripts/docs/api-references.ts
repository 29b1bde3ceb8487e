import type { Assembly, Type, TypeReference } from './assembly';

/** Address at which the CDK documents its own types. */
const CDK_REFERENCE = 'https://docs.aws.amazon.com/cdk/api/v2/docs';

/** Types of the assembly, and where the site documents each. */
export class References {
  /** The struct of a construct's properties is part of the construct's page. */
  private readonly constructs: ReadonlyMap<string, Type>;

  public constructor(private readonly assembly: Assembly) {
    this.constructs = new Map(Object.values(assembly.types).flatMap((type) => {
      const props = type.initializer?.parameters?.find(({ name }) => name === 'props')?.type.fqn;
      return props === undefined ? [] : [[props, type] as const];
    }));
  }

  /** Returns the types that have a page of their own, by name. */
  public pages(): Type[] {
    return Object.values(this.assembly.types).filter(({ fqn }) => !this.constructs.has(fqn)).sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** Returns the struct of a construct's properties. */
  public propsOf(construct: Type): Type | undefined {
    const props = construct.initializer?.parameters?.find(({ name }) => name === 'props')?.type.fqn;
    return props === undefined ? undefined : this.type(props);
  }

  public type(fqn: string): Type | undefined {
    return this.assembly.types[fqn];
  }

  /** Returns a type and all that it inherits from in this package, itself first. */
  public withAncestors(type: Type): Type[] {
    const parents = [type.base, ...type.interfaces ?? []].flatMap((fqn) => (fqn !== undefined && this.type(fqn)) || []);
    return [...new Set([type, ...parents.flatMap((parent) => this.withAncestors(parent))])];
  }

  /** Returns the address of a type's documentation, from a page of the API. */
  public address(fqn: string): string {
    const construct = this.constructs.get(fqn);
    if (construct !== undefined) {
      return `./${construct.name}.md#properties`;
    }
    const type = this.type(fqn);
    return type === undefined ? `${CDK_REFERENCE}/${fqn}.html` : `./${type.name}.md`;
  }

  /** Returns a type as a link. */
  public link(fqn: string): string {
    return `[\`${nameOf(fqn)}\`](${this.address(fqn)})`;
  }

  /** Returns a type as text with a link to each type that it names. */
  public linked(type: TypeReference): string {
    if (type.fqn !== undefined) {
      return this.link(type.fqn);
    }
    if (type.collection) {
      const element = this.linked(type.collection.elementtype);
      return type.collection.kind === 'array' ? `list of ${element}` : `map from \`string\` to ${element}`;
    }
    return type.union ? type.union.types.map((each) => this.linked(each)).join(' or ') : `\`${type.primitive}\``;
  }
}

/** Returns a type as TypeScript. */
export function asTypeScript(type: TypeReference): string {
  if (type.fqn !== undefined) {
    return nameOf(type.fqn);
  }
  if (type.collection) {
    const element = asTypeScript(type.collection.elementtype);
    return type.collection.kind === 'array' ? `${element}[]` : `Record<string, ${element}>`;
  }
  if (type.union) {
    return type.union.types.map(asTypeScript).join(' | ');
  }
  return type.primitive === 'json' ? 'object' : type.primitive!;
}

function nameOf(fqn: string): string {
  return fqn.split('.').at(-1)!;
}
