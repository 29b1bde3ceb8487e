import type { Form } from './form';
import { DEFAULT_SIGNATURE } from './signature';
import { valueOf } from './values';

/** The body of a predict request. */
export type PredictBody = { readonly signature_name?: string } & ({ readonly instances: readonly unknown[] } | { readonly inputs: unknown });

type Values = Readonly<Record<string, unknown>>;

/** Returns the body of a predict request from the values of each row, by input. */
export function bodyOf(signature: string, { rowwise }: Pick<Form, 'rowwise'>, rows: readonly Values[]): PredictBody {
  const name = signature === DEFAULT_SIGNATURE ? {} : { signature_name: signature };
  return rowwise ? { ...name, instances: rows.map(alone) } : { ...name, inputs: alone(rows[0]) };
}

/** Returns the values of each row of a table. Throws all problems, one sentence a line. */
export function rowsOf({ columns, inputs }: Extract<Form, { kind: 'table' }>, cells: readonly (readonly string[])[]): Values[] {
  const problems: string[] = [];
  const rows = cells.map((texts, row) => {
    const values = columns.map(({ dtype, label }, index) => {
      try {
        return valueOf(texts[index] ?? '', dtype, cells.length > 1 ? `row ${row + 1}, ${label}` : label);
      } catch (error) {
        problems.push((error as Error).message);
        return undefined;
      }
    });
    return Object.fromEntries(inputs.map(({ name, shape }) => {
      const own = values.filter((_, index) => columns[index].input === name);
      return [name, shape?.length === 0 ? own[0] : own];
    }));
  });
  if (problems.length > 0) {
    throw new Error(problems.join('\n'));
  }
  return rows;
}

/** Returns the cells of text that was copied from a spreadsheet, or of a CSV file; undefined if it is the text of one cell. */
export function pastedCells(text: string): string[][] | undefined {
  const lines = text.replace(/[\r\n]+$/, '').split(/\r?\n|\r/);
  const separator = ['\t', ';', ','].find((each) => text.includes(each));
  const cellsOf = (line: string) => (separator ? line.split(separator) : [line]).map((cell) => cell.trim());
  return lines.length === 1 && separator === undefined ? undefined : lines.map(cellsOf);
}

/** The only input needs no name. */
function alone(values: Values): unknown {
  const names = Object.keys(values);
  return names.length === 1 ? values[names[0]] : values;
}
