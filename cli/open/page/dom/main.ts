import type { Endpoint } from '../../endpoint';
import { endpointOfPage } from '../../endpoint';
import { problemOf } from '../answer';
import type { Form } from '../form';
import { formOf } from '../form';
import { bodyOf, rowsOf } from '../request';
import type { ServedModel, Signature } from '../signature';
import { servedModelOf, typeText } from '../signature';
import { curlSnippet, pythonSnippet } from '../snippets';
import { byId, choice, element, labelled } from './elements';
import { imageInput } from './image-input';
import { showAnswer, snippetPart } from './result';
import { makeTable } from './table';
import { textInput } from './text-input';

interface Settings extends Endpoint {
  readonly report?: string;
}

/** The endpoint where it serves this page itself. Otherwise the proxy of `cdk-tensorflow open` does. */
const own = endpointOfPage(new URL(location.href));

/** Sends a request to the endpoint or the proxy. Throws a sentence unless it is answered by 200. */
async function ask(path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${own ? own.url : '.'}${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    .catch(() => {
      throw new Error(own ? `${own.url} does not answer.` : '`cdk-tensorflow open` no longer runs: start it again, and open the new address.');
    });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(problemOf(answer.status, text));
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`The answer is not JSON, as it is where a number is NaN or infinite: ${text.slice(0, 500)}`);
  }
}

const modelPath = (name: string) => `/v1/models/${encodeURIComponent(name)}`;

/** Shows a problem where a screen reader says it at once. */
function tell(error: unknown): void {
  byId('problem').textContent = error instanceof Error ? error.message : String(error);
}

async function openModel(settings: Settings, name: string): Promise<void> {
  byId('problem').textContent = '';
  byId('model').replaceChildren(element('p', { role: 'status' }, `Asking for the model ${name} …`));
  try {
    const model = servedModelOf(await ask(`${modelPath(name)}/metadata`));
    showModel(settings, name, model);
  } catch (error) {
    byId('model').replaceChildren();
    tell(error);
    askForName(settings, name);
  }
}

function askForName(settings: Settings, given = ''): void {
  const input = element('input', { type: 'text', required: true, autocomplete: 'off', value: given });
  const form = element('form', { class: 'name' }, labelled('Name of the model', input), element('button', { type: 'submit' }, 'Open'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    history.replaceState(null, '', `#${encodeURIComponent(input.value.trim())}`);
    void openModel(settings, input.value.trim());
  });
  byId('model').replaceChildren(form);
  input.focus();
}

function showModel(settings: Settings, name: string, { version, signatures }: ServedModel): void {
  document.title = `${name} · cdk-tensorflow`;
  byId('title').textContent = name;
  byId('subtitle').textContent = `Version ${version} at ${settings.url}${settings.signing ? ', with your signature' : ''}`;
  const chosen = choice(signatures.map((signature) => signature.name));
  const inputs = element('div', { class: 'inputs' });
  const show = () => inputs.replaceChildren(...signaturePart(settings, name, signatures.find((signature) => signature.name === chosen.value)!));
  chosen.addEventListener('change', show);
  byId('model').replaceChildren(...signatures.length > 1 ? [labelled('Signature', chosen)] : [], inputs);
  show();
}

/** The form of a signature. What is asked stays, and what is answered goes, when another signature is chosen. */
function signaturePart(settings: Settings, name: string, signature: Signature): HTMLElement[] {
  byId('answer').replaceChildren(element('p', { class: 'help' }, 'The answer appears here.'));
  byId('request').replaceChildren();
  const form = formOf(signature);
  const { elements, rows } = formParts(form);
  const predict = element('button', { type: 'submit', class: 'predict' }, 'Predict');
  const made = element('form', {}, ...elements, element('p', { class: 'buttons' }, predict));
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    byId('problem').textContent = '';
    try {
      void predicted(settings, name, bodyOf(signature.name, form, rows()), predict);
    } catch (error) {
      tell(error);
    }
  });
  const list = (tensors: Signature['inputs']) => tensors.map((tensor) => `${tensor.name} ${typeText(tensor)}`).join(', ');
  return [element('p', { class: 'help' }, `${list(signature.inputs)} → ${list(signature.outputs)}`), made];
}

function formParts(form: Form): { elements: HTMLElement[]; rows: () => Record<string, unknown>[] } {
  if (form.kind === 'table') {
    const table = makeTable(form);
    return { elements: [table.element], rows: () => rowsOf(form, table.cells()) };
  }
  const parts = form.fields.map((field) => ({ name: field.input, ...field.kind === 'image' ? imageInput(field) : textInput(field) }));
  return {
    elements: parts.map((part) => (parts.length > 1 ? element('fieldset', {}, element('legend', {}, part.name), part.element) : part.element)),
    rows: () => [Object.fromEntries(parts.map(({ name, value }) => [name, value()]))],
  };
}

async function predicted(settings: Settings, name: string, body: unknown, predict: HTMLButtonElement): Promise<void> {
  const path = `${modelPath(name)}:predict`;
  const place = byId('answer');
  predict.disabled = true;
  place.setAttribute('aria-busy', 'true');
  try {
    const started = performance.now();
    const answer = await ask(path, body);
    showAnswer(place, answer, performance.now() - started);
    byId('request').querySelectorAll<HTMLAnchorElement>('a[download]').forEach(({ href }) => URL.revokeObjectURL(href));
    const proxy = location.href.replace(/[#?].*$/, '').replace(/\/$/, '');
    byId('request').replaceChildren(
      element('h2', {}, 'The same request'),
      snippetPart(settings.signing ? 'curl, through the address of this page' : 'curl', curlSnippet({ endpoint: settings, proxy, path, body })),
      snippetPart('Python', pythonSnippet({ endpoint: settings, path, body })),
    );
  } catch (error) {
    place.replaceChildren();
    tell(error);
  } finally {
    predict.disabled = false;
    place.removeAttribute('aria-busy');
    // A disabled button has lost the focus, unless it has gone on.
    if (document.activeElement === document.body) {
      predict.focus();
    }
  }
}

async function main(): Promise<void> {
  const settings: Settings = own ?? await ask('/endpoint.json') as Settings;
  if (settings.report) {
    byId('report').replaceChildren(element('a', { href: settings.report, target: '_blank' }, 'Report of the optimization'));
  }
  const name = settings.model ?? decodeURIComponent(location.hash.slice(1));
  await (name ? openModel(settings, name) : Promise.resolve(askForName(settings)));
}

void main().catch(tell);
