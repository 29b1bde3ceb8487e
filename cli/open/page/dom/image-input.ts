import { pictureOf } from '../drawing';
import type { ImageField } from '../form';
import type { Picture, Range } from '../picture';
import { fromCanvas, inverted, numbersOf, rangesOf, toCanvas } from '../picture';
import { shaped } from '../values';
import { choice, element, labelled } from './elements';
import type { InputPart } from './input-part';
import { makePad } from './pad';

/** Makes the part for an input that is a picture: a pad, a file, and what the model gets of them. */
export function imageInput(field: ImageField): InputPart {
  const { input, dtype, height, width, channels, shape } = field;
  let file: Picture | undefined;
  let isFile = false;
  const preview = element('canvas', { class: 'preview', role: 'img', width, height });
  const range = choice(rangesOf(dtype));
  const invert = element('input', { type: 'checkbox' });
  const center = element('input', { type: 'checkbox', checked: channels === 1 });
  const problem = element('p', { class: 'problem', role: 'alert' });
  const pad = makePad(input, field, () => {
    isFile = false;
    show();
  });
  const chosen = element('input', { type: 'file', accept: 'image/*' });

  const current = (): Picture => {
    const picture = isFile && file ? file : pictureOf(pad.strokes(), { height, width, channels, centered: center.checked });
    return invert.checked ? inverted(picture) : picture;
  };
  const show = () => {
    const data = new ImageData(width, height);
    data.data.set(toCanvas(current()));
    preview.getContext('2d')!.putImageData(data, 0, 0);
    preview.setAttribute('aria-label', `What the model gets: ${isFile ? 'the file' : pad.strokes().length ? 'the drawing' : 'an empty picture'}, ${height} by ${width} pixels`);
  };
  chosen.addEventListener('change', () => {
    const [given] = chosen.files ?? [];
    if (given) {
      void pixelsOf(given, field).then((picture) => {
        [file, isFile, problem.textContent] = [picture, true, ''];
        show();
      }).catch(() => {
        problem.textContent = `${given.name}: this browser reads no picture in it.`;
      });
    }
  });
  [invert, center, range].forEach((control) => control.addEventListener('change', show));
  show();

  return {
    element: element('div', { class: 'image' },
      pad.element,
      element('div', { class: 'beside' },
        element('figure', {}, preview, element('figcaption', {}, `What the model gets: ${height} × ${width}${channels === 3 ? ', in color' : ''}`)),
        labelled('Or a picture’s file', chosen), problem,
        element('div', { class: 'settings' }, labelled('Pixel range', range), labelled('Invert colors', invert), labelled('Center and fit', center)))),
    value: () => shaped(numbersOf(current(), range.value as Range, dtype), shape),
  };
}

/** Reads a file's pixels in the size of a picture, scaled by the browser. */
async function pixelsOf(file: File, { height, width, channels }: ImageField): Promise<Picture> {
  const bitmap = await createImageBitmap(file, { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' });
  const canvas = element('canvas', { width, height });
  const context = canvas.getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return fromCanvas(context.getImageData(0, 0, width, height), channels);
}
