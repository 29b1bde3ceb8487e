import { dirname, sep } from 'path';
import * as ts from 'typescript';

/** The parts of a jsii assembly used here. @see https://aws.github.io/jsii/user-guides/lib-author/ */
export interface Assembly {
  readonly name: string;
  readonly types: Record<string, AssemblyType>;
}

interface AssemblyType {
  readonly fqn: string;
  readonly name: string;
  readonly kind: 'class' | 'enum' | 'interface';
  readonly abstract?: boolean;
  /** Undefined if the constructor is private. */
  readonly initializer?: object;
  readonly base?: string;
  readonly interfaces?: string[];
  /** True if an interface is a struct. */
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
  /** The type whose member this one overrides. */
  readonly overrides?: string;
  readonly parameters?: { readonly name: string; readonly docs?: AssemblyDocs }[];
  readonly docs?: AssemblyDocs;
}

interface AssemblyDocs {
  readonly summary?: string;
  readonly default?: string;
}

export interface ProgramReport {
  /** Compiler errors under the strict rules. */
  readonly errors: string[];

  /**
   * Public names of the library that the program does not use: `Class` (constructed, or named if that is impossible), `Class.method`,
   * `Class.CONSTANT`, `Enum.MEMBER`, `Interface`, `Struct` (an object passed for one).
   *
   * A call through a base class or an interface counts for the method, and a struct that extends another counts for both. Other properties are not
   * required.
   */
  readonly unused: string[];
}

/**
 * Compiles a program, and compares its use of the library with the public API.
 *
 * @param assembly of the library
 * @param file a TypeScript program that imports the library by its name, and other files of its directory
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
  const used = usedNames(program, dirname(file), dirname(entry));
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

/** Returns the members that must be used; the empty name is the type itself. */
function namesOf(type: AssemblyType): string[] {
  const methods = (type.methods ?? []).map(({ name }) => name);
  switch (type.kind) {
    case 'enum': return type.members!.map(({ name }) => name);
    case 'interface': return ['', ...methods];
    case 'class': {
      const constants = (type.properties ?? []).filter((property) => property.static).map(({ name }) => name);
      // Types that only factories create need not be named.
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

/** Returns the names, declared in `library`, that the files of a directory construct, call, read or fill. */
function usedNames(program: ts.Program, directory: string, library: string): Set<string> {
  const checker = program.getTypeChecker();
  const used = new Set<string>();
  const note = (symbol: ts.Symbol | undefined): void => {
    const [declaration] = symbol?.declarations ?? [];
    if (symbol !== undefined && declaration?.getSourceFile().fileName.startsWith(library + sep)) {
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
  program.getSourceFiles().filter(({ fileName }) => dirname(fileName) === directory).forEach(visit);
  return used;
}
