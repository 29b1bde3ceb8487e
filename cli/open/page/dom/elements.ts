type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Makes an element. An attribute is set if it is true, and left out if it is false. */
export function element<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  Object.entries(attributes).filter(([, value]) => value !== false).forEach(([attribute, value]) => made.setAttribute(attribute, value === true ? '' : String(value)));
  made.append(...children);
  return made;
}

/** Returns the element of the page with an id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

let made = 0;

/** Makes a label and the control that it names, side by side: a box to tick stands first. */
export function labelled(text: string, control: HTMLElement): HTMLElement {
  made += 1;
  control.id ||= `control-${made}`;
  const parts = [element('label', { for: control.id }, text), control];
  return element('span', { class: 'labelled' }, ...control.matches('[type=checkbox]') ? parts.reverse() : parts);
}

/** Makes a list to choose from. */
export function choice(options: readonly string[]): HTMLSelectElement {
  return element('select', {}, ...options.map((option) => element('option', {}, option)));
}

export function button(text: string, onClick: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const control = element('button', { type: 'button', class: 'quiet', ...attributes }, text);
  control.addEventListener('click', onClick);
  return control;
}
