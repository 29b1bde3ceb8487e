import { Tokenization } from 'aws-cdk-lib';

/** A message in protocol buffers' text format, as data. An array is a repeated field. */
export interface TextProto {
  readonly [field: string]: TextProtoValue | TextProtoValue[] | undefined;
}

/** A scalar, or a message. Texts may hold tokens, and numbers may be some. */
export type TextProtoValue = string | number | boolean | TextProto | Verbatim;

/** A text that stands in a number's place: a token that becomes one. */
export class Verbatim {
  constructor(public readonly text: string) {}
}

/** Writes a message in protocol buffers' text format. Absent fields are left out. */
export function renderTextProto(message: TextProto, indent = ''): string {
  return Object.entries(message).flatMap(([field, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.filter((one) => one !== undefined).map((one) => renderField(field, one!, indent));
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

/** JSON's escapes are the text format's, but for characters beyond ASCII, which it takes as they are. */
function quote(text: string): string {
  return JSON.stringify(text);
}
