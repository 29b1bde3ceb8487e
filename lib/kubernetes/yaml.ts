/**
 * Writes objects as a stream of YAML documents.
 *
 * Strings are quoted as in JSON, so that tokens can be resolved inside them.
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
    // A nested collection starts on the same line as its hyphen.
    return inner.startsWith('\n') ? `${indent}- ${inner.slice(1).trimStart()}` : `${indent}-${inner}`;
  }).join('');
}

/** Renders the text after a colon or hyphen, including the end of the line. */
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
