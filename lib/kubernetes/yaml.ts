/**
 * Writes objects as a stream of YAML documents.
 *
 * Texts stand in double quotes, as JSON writes them, so that a token inside one becomes part of it.
 */
export function renderYaml(objects: Record<string, unknown>[]): string {
  return objects.map((object) => `---\n${mapping(object, '')}`).join('');
}

function mapping(object: Record<string, unknown>, indent: string): string {
  return Object.entries(object).filter(([, value]) => value !== undefined).map(([key, value]) => `${indent}${name(key)}:${node(value, indent)}`).join('');
}

function sequence(items: unknown[], indent: string): string {
  return items.map((item) => {
    const inner = node(item, indent);
    // A nested collection begins on the line of its hyphen, which is as wide as one step.
    return inner.startsWith('\n') ? `${indent}- ${inner.slice(1).trimStart()}` : `${indent}-${inner}`;
  }).join('');
}

/** What follows a colon or a hyphen, the end of the line included. */
function node(value: unknown, indent: string): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    return value.length === 0 ? ' []\n' : `\n${sequence(value, deeper)}`;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.keys(value).length === 0 ? ' {}\n' : `\n${mapping(value as Record<string, unknown>, deeper)}`;
  }
  return ` ${JSON.stringify(value)}\n`;
}

function name(key: string): string {
  return /^[A-Za-z][A-Za-z0-9_./-]*$/.test(key) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(key) ? key : JSON.stringify(key);
}
