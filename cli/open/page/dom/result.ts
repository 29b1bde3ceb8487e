import type { Bar, ShownOutput } from '../answer';
import { shownRows } from '../answer';
import type { Snippet } from '../snippets';
import { BODY_FILE } from '../snippets';
import { button, element } from './elements';

const MOST_ROWS = 50;

/** Shows an answer in an element, with how long it took. */
export function showAnswer(place: HTMLElement, answer: unknown, milliseconds: number): void {
  const rows = shownRows(answer);
  const parts = rows.slice(0, MOST_ROWS).map((outputs, index) => (
    element('div', { class: 'row' }, ...rows.length > 1 ? [element('h3', {}, `Row ${index + 1}`)] : [], ...outputs.map(outputPart))));
  place.replaceChildren(
    element('p', { class: 'latency' }, element('b', {}, millisecondsText(milliseconds)), ' to the model and back'),
    ...parts,
    ...rows.length > MOST_ROWS ? [element('p', { class: 'help' }, `${rows.length - MOST_ROWS} more rows are in the answer below.`)] : [],
    element('details', {}, element('summary', {}, 'The whole answer'), element('pre', { tabindex: 0 }, JSON.stringify(answer, undefined, 1).slice(0, 100_000))),
  );
}

function outputPart({ name, bars, more, text }: ShownOutput): HTMLElement {
  return element('div', { class: 'output' },
    ...name ? [element('h4', {}, name)] : [],
    ...bars ? [element('ol', { 'class': 'bars', 'role': 'list' }, ...bars.map(barPart))] : [],
    ...more ? [element('p', { class: 'help' }, `and ${more} more, which are less`)] : [],
    ...text === undefined ? [] : [element('p', { class: 'text-output' }, text)]);
}

/** The text says what the bar shows. */
function barPart({ label, text, share, greatest }: Bar): HTMLElement {
  return element('li', greatest ? { class: 'greatest' } : {},
    element('span', { class: 'label' }, label), element('progress', { 'max': 1, 'value': share, 'aria-hidden': 'true' }), element('span', { class: 'number' }, text));
}

function millisecondsText(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Shows a text to copy, and where its body is a file of its own, a link that saves it. */
export function snippetPart(title: string, { text, file }: Snippet): HTMLElement {
  const copied = element('span', { class: 'help', role: 'status' });
  const copy = button('Copy', () => void navigator.clipboard.writeText(text).then(() => (copied.textContent = 'Copied.'), () => (copied.textContent = 'The browser did not copy it.')), { 'aria-label': `Copy ${title}` });
  const saved = file === undefined ? [] : [
    element('a', { href: URL.createObjectURL(new Blob([file], { type: 'application/json' })), download: BODY_FILE }, `Save ${BODY_FILE}`),
  ];
  return element('section', { 'class': 'snippet', 'aria-label': title },
    element('div', { class: 'buttons' }, element('h3', {}, title), copy, ...saved, copied), element('pre', { 'tabindex': 0, 'aria-label': title }, text));
}
