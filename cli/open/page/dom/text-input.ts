import type { TextField } from '../form';
import { typeText } from '../signature';
import { sizeOf, tensorOf } from '../values';
import { button, element, labelled } from './elements';
import type { InputPart } from './input-part';

/** Makes the part for an input that is typed. */
export function textInput({ input, dtype, shape }: TextField): InputPart {
  const isText = dtype === 'string' && shape !== undefined && sizeOf(shape) === 1;
  const area = element('textarea', { rows: shape?.length === 0 && !isText ? 1 : 4, spellcheck: 'false' });
  const isFixed = shape !== undefined && shape.every((size) => size > 0) && dtype !== 'string';
  const count = isFixed ? sizeOf(shape) : undefined;
  const help = isText ? 'A text, sent as it is' : count === 1 ? 'One value' : count ? `${count} values, one after the other, or a list in JSON` : 'A list in JSON';
  const zeros = count === undefined ? [] : [button('Fill with zeros', () => (area.value = Array(count).fill('0').join(' ')))];
  return {
    element: element('div', { class: 'text' }, labelled(`${input}: ${typeText({ dtype, shape })}`, area), element('p', { class: 'help' }, help), ...zeros),
    value: () => tensorOf(area.value, dtype, shape, input),
  };
}
