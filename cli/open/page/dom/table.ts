import type { Form } from '../form';
import { pastedCells } from '../request';
import { button, element } from './elements';

/** A table with a row for each instance of a request. */
export interface Table {
  readonly element: HTMLElement;
  /** Returns the texts of the cells. */
  cells(): string[][];
}

/** Makes a table for values, with one row. */
export function makeTable({ columns, many }: Extract<Form, { kind: 'table' }>): Table {
  const body = element('tbody');
  const inputs = (row: Element) => [...row.querySelectorAll<HTMLInputElement>('td input')];

  function addRow(): HTMLTableRowElement {
    const row = element('tr', {}, ...columns.map(({ label, dtype }, column) => {
      const cell = element('input', {
        'type': 'text', 'autocomplete': 'off', 'spellcheck': 'false', ...dtype === 'string' || dtype === 'bool' ? {} : { inputmode: 'decimal' },
      });
      cell.value = dtype === 'string' ? '' : dtype === 'bool' ? 'false' : '0';
      cell.addEventListener('focus', () => cell.select());
      cell.addEventListener('paste', (event) => paste(event, row, column));
      return element('td', {}, element('span', { 'class': 'narrow', 'aria-hidden': 'true' }, label), cell);
    }));
    if (many) {
      row.append(element('td', { class: 'last' }, button('×', () => remove(row), { title: 'Remove this row' })));
    }
    body.append(row);
    number();
    return row;
  }
  function remove(row: HTMLTableRowElement): void {
    if (body.children.length > 1) {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      number();
      inputs(next!)[0].focus();
    }
  }
  /** Names the controls of each row by its number. */
  function number(): void {
    [...body.rows].forEach((row, index) => {
      inputs(row).forEach((cell, column) => cell.setAttribute('aria-label', many ? `${columns[column].label}, row ${index + 1}` : columns[column].label));
      row.querySelector('button')?.setAttribute('aria-label', `Remove row ${index + 1}`);
    });
  }
  function paste(event: ClipboardEvent, first: HTMLTableRowElement, column: number): void {
    const cells = pastedCells(event.clipboardData?.getData('text') ?? '');
    if (cells) {
      event.preventDefault();
      let row: HTMLTableRowElement | undefined = first;
      for (const texts of many ? cells : cells.slice(0, 1)) {
        const targets = inputs(row ?? (row = addRow()));
        texts.slice(0, targets.length - column).forEach((text, index) => (targets[column + index].value = text));
        row = row.nextElementSibling as HTMLTableRowElement | undefined ?? undefined;
      }
    }
  }

  addRow();
  const head = element('thead', {}, element('tr', {}, ...columns.map(({ label, dtype }) => (
    element('th', { scope: 'col' }, label, ' ', element('small', {}, dtype)))), ...many ? [element('td', {})] : []));
  const more = [
    button('Add a row', () => inputs(addRow())[0].focus()),
    element('span', { class: 'help' }, 'Cells of a spreadsheet, or lines of CSV, can be pasted.'),
  ];
  return {
    element: element('div', {},
      element('div', { 'class': 'scroll', 'tabindex': 0, 'role': 'region', 'aria-label': 'Values' }, element('table', { class: 'values' }, head, body)),
      ...many ? [element('p', { class: 'buttons' }, ...more)] : []),
    cells: () => [...body.rows].map((row) => inputs(row).map(({ value }) => value)),
  };
}
