/** A class, or an element of an output, with the length of its bar. */
export interface Bar {
  readonly label: string;
  readonly text: string;
  /** Length of the bar, from 0 to 1. */
  readonly share: number;
  readonly greatest: boolean;
}

/** An output of one row, as it is shown. */
export interface ShownOutput {
  /** Empty for the only output. */
  readonly name: string;
  readonly bars?: readonly Bar[];
  /** Number of elements without a bar. */
  readonly more?: number;
  /** Text of an answer without bars. */
  readonly text?: string;
}

const MOST_BARS = 10;
const LONGEST_VECTOR = 100_000;
const LONGEST_TEXT = 4000;

/** Returns what to show of an answer to a predict request, for each row. */
export function shownRows(answer: unknown): ShownOutput[][] {
  const { predictions, outputs, classes } = (answer ?? {}) as { predictions?: unknown; outputs?: unknown; classes?: unknown };
  const rows = Array.isArray(predictions) ? predictions as unknown[] : [outputs ?? answer];
  return rows.map((row, index) => {
    const named = rankedOf(Array.isArray(classes) ? classes[index] as unknown : undefined);
    return named ? [{ name: '', bars: named }] : shownOutputs(row);
  });
}

/** Returns what an answer that is an error says, in the words of an endpoint, of a front door of AWS, or of its status alone. */
export function problemOf(status: number, text: string): string {
  const said = sentenceIn(text) ?? (text.trim().slice(0, 500) || 'no explanation');
  const wayOut = status === 403 ? '. The credentials need the permission to invoke it, which grantInvokeUrl() gives to a role, and the clock of this machine must be right.' : '';
  return `The endpoint answered ${status}: ${said}${wayOut}`;
}

function sentenceIn(text: string): string | undefined {
  try {
    const { error, message, Message } = JSON.parse(text) as Record<string, unknown>;
    const found = error ?? message ?? Message;
    return found === undefined ? undefined : typeof found === 'string' ? found : JSON.stringify(found);
  } catch {
    return undefined;
  }
}

function shownOutputs(row: unknown): ShownOutput[] {
  return row !== null && typeof row === 'object' && !Array.isArray(row)
    ? Object.entries(row).map(([name, value]) => ({ ...shownValue(value), name })) : [{ ...shownValue(row), name: '' }];
}

function shownValue(value: unknown): Omit<ShownOutput, 'name'> {
  // A whole input of one row is answered as a list of one.
  const inner = Array.isArray(value) && value.length === 1 ? value[0] as unknown : value;
  if (isVector(inner)) {
    return barsOf(inner);
  }
  const text = typeof inner === 'number' ? numberText(inner) : typeof inner === 'string' ? inner : JSON.stringify(inner) ?? '';
  return { text: text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)} …` : text };
}

/** Up to ten elements stay in their order. Of more, the greatest are shown. */
function barsOf(values: readonly number[]): Omit<ShownOutput, 'name'> {
  const [least, most] = [values.reduce((left, right) => Math.min(left, right)), values.reduce((left, right) => Math.max(left, right))];
  const areShares = least >= 0 && most <= 1;
  const indices = values.map((_, index) => index);
  const shown = values.length <= MOST_BARS ? indices : indices.sort((left, right) => values[right] - values[left]).slice(0, MOST_BARS);
  const bars = shown.map((index) => ({
    label: String(index),
    text: areShares ? percentText(values[index]) : numberText(values[index]),
    share: areShares ? values[index] : most === least ? 1 : (values[index] - least) / (most - least),
    greatest: values[index] === most,
  }));
  return { bars, ...values.length > shown.length ? { more: values.length - shown.length } : {} };
}

/** The classes that a function with labels answers beside the scores. */
function rankedOf(ranked: unknown): Bar[] | undefined {
  if (!Array.isArray(ranked) || ranked.length === 0 || !ranked.every((each) => typeof (each as { score?: unknown } | null)?.score === 'number')) {
    return undefined;
  }
  const { bars = [] } = barsOf((ranked as { score: number }[]).slice(0, MOST_BARS).map(({ score }) => score));
  return bars.map((bar, index) => ({ ...bar, label: String((ranked[index] as { label: unknown }).label) }));
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.length >= 2 && value.length <= LONGEST_VECTOR && value.every((each) => typeof each === 'number');
}

function percentText(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function numberText(value: number): string {
  return String(Number(value.toPrecision(6)));
}
