import { dirname, sep } from 'path';
import * as ts from 'typescript';

/** What of a jsii assembly is read here. @see https://aws.github.io/jsii/user-guides/lib-author/ */
export interface Assembly {
  readonly name: string;
  readonly types: Record<string, AssemblyType>;
}

interface AssemblyType {
  readonly fqn: string;
  readonly name: string;
  readonly kind: 'class' | 'enum' | 'interface';
  readonly abstract?: boolean;
  /** Absent where the constructor is private. */
  readonly initializer?: object;
  readonly base?: string;
  readonly interfaces?: string[];
  /** Whether an interface is a struct. */
  readonly datatype?: boolean;
  readonly docs?: AssemblyDocs;
  readonly members?: AssemblyMember[];
  readonly methods?: AssemblyMember[];
  readonly properties?: AssemblyMember[];
}

interface AssemblyMember {
  readonly name: string;
  readonly static?: boolean;
  readonly optional?: boolean;
  /** The type whose member this one replaces. */
  readonly overrides?: string;
  readonly parameters?: { readonly name: string; readonly docs?: AssemblyDocs }[];
  readonly docs?: AssemblyDocs;
}

interface AssemblyDocs {
  readonly summary?: string;
  readonly default?: string;
}

/** What the compiler says of a program. */
export interface ProgramReport {
  /** Why the program does not compile under the strict rules. */
  readonly errors: string[];

  /**
   * The public names of the library that the program does not use: `Class` (made, or named where it cannot be made), `Class.method`,
   * `Class.CONSTANT`, `Enum.MEMBER`, `Interface`, `Struct` (an object is given where one is asked for).
   *
   * A method counts as used when it is called through a base class or an interface, and a struct when one that extends it is given.
   * Other properties are not asked for.
   */
  readonly unused: string[];
}

/**
 * Compiles a program, and compares what it uses with what the library offers.
 *
 * @param assembly of the library
 * @param file a TypeScript program that imports the library by its name
 */
export function inspectProgram(assembly: Assembly, file: string): ProgramReport {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, strict: true, skipLibCheck: true,
    noEmit: true, types: [],
  };
  const entry = ts.resolveModuleName(assembly.name, file, options, ts.sys).resolvedModule?.resolvedFileName;
  if (entry === undefined) {
    throw new Error(`${assembly.name} is not installed for ${file}`);
  }
  const program = ts.createProgram([file], options);
  const errors = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  const used = usedNames(program, file, dirname(entry));
  return { errors, unused: Object.values(assembly.types).flatMap((type) => unusedOf(assembly, type, used)).sort() };
}

function unusedOf(assembly: Assembly, type: AssemblyType, used: Set<string>): string[] {
  const owners = (member: string) => [type.name, ...(member === '' ? structsThatExtend(assembly, type) : parentsOf(assembly, type))];
  return namesOf(type)
    .filter((member) => !owners(member).some((owner) => used.has(qualified(owner, member))))
    .map((member) => qualified(type.name, member));
}

function qualified(owner: string, member: string): string {
  return member === '' ? owner : `${owner}.${member}`;
}

/** The members of a type that must be used; the empty name is the type itself. */
function namesOf(type: AssemblyType): string[] {
  const methods = (type.methods ?? []).map(({ name }) => name);
  switch (type.kind) {
    case 'enum': return type.members!.map(({ name }) => name);
    case 'interface': return ['', ...methods];
    case 'class': {
      const constants = (type.properties ?? []).filter((property) => property.static).map(({ name }) => name);
      // What only factories make needs no mention of its own.
      return [...(type.initializer && (!type.abstract || methods.length === 0) ? [''] : []), ...methods, ...constants];
    }
  }
}

function parentsOf(assembly: Assembly, type: AssemblyType): string[] {
  return [type.base, ...type.interfaces ?? []].flatMap((fqn) => {
    const parent = assembly.types[fqn ?? ''];
    return parent ? [parent.name, ...parentsOf(assembly, parent)] : [];
  });
}

function structsThatExtend(assembly: Assembly, struct: AssemblyType): string[] {
  return Object.values(assembly.types)
    .filter(({ interfaces, datatype }) => datatype && interfaces?.includes(struct.fqn))
    .flatMap((other) => [other.name, ...structsThatExtend(assembly, other)]);
}

/** Names of the library, whose declarations lie in `directory`, that a file makes, calls, reads or fills. */
function usedNames(program: ts.Program, file: string, directory: string): Set<string> {
  const checker = program.getTypeChecker();
  const used = new Set<string>();
  const note = (symbol: ts.Symbol | undefined): void => {
    const [declaration] = symbol?.declarations ?? [];
    if (symbol !== undefined && declaration?.getSourceFile().fileName.startsWith(directory + sep)) {
      const isMember = ts.isClassElement(declaration) || ts.isTypeElement(declaration) || ts.isEnumMember(declaration);
      used.add(isMember ? qualified((declaration.parent as ts.ClassDeclaration).name!.text, symbol.name) : symbol.name);
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) {
      note(checker.getSymbolAtLocation(node.name));
    } else if (ts.isNewExpression(node) || ts.isTypeReferenceNode(node)) {
      note(checker.getTypeAtLocation(node).symbol);
    } else if (ts.isObjectLiteralExpression(node)) {
      const asked = checker.getContextualType(node);
      note(asked && checker.getNonNullableType(asked).symbol);
    }
    ts.forEachChild(node, visit);
  };
  visit(program.getSourceFile(file)!);
  return used;
}
