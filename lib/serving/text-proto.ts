import { Tokenization } from 'aws-cdk-lib';

/** A text-format protocol buffers message, as data. An array is a repeated field. */
export interface TextProto {
  readonly [field: string]: TextProtoValue | TextProtoValue[] | undefined;
}

/** A scalar or a message. Strings may contain tokens, and numbers may be tokens. */
export type TextProtoValue = string | number | boolean | TextProto | Verbatim;

/** Unquoted text in place of a number: a token that resolves to one. */
export class Verbatim {
  constructor(public readonly text: string) {}
}

/** Renders a message in protocol buffers' text format. Skips undefined fields. */
export function renderTextProto(message: TextProto, indent = ''): string {
  return Object.entries(message).flatMap(([field, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.filter((value) => value !== undefined).map((value) => renderField(field, value!, indent));
  }).join('');
}

function renderField(field: string, value: TextProtoValue, indent: string): string {
  if (value instanceof Verbatim) {
    return `${indent}${field}: ${value.text}\n`;
  }
  if (typeof value === 'object') {
    return `${indent}${field} {\n${renderTextProto(value, `${indent}  `)}${indent}}\n`;
  }
  return `${indent}${field}: ${scalar(value)}\n`;
}

function scalar(value: string | number | boolean): string {
  if (typeof value === 'number') {
    return Tokenization.stringifyNumber(value);
  }
  return typeof value === 'string' ? quote(value) : String(value);
}

/** JSON's escapes are valid in the text format; non-ASCII characters are allowed as they are. */
function quote(text: string): string {
  return JSON.stringify(text);
}
