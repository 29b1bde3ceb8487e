import { imageOf } from '../drawing';
import type { ImageField } from '../form';
import type { Image, Range } from '../image';
import { fromCanvas, inverted, numbersOf, rangesOf, toCanvas } from '../image';
import { shaped } from '../values';
import { choice, element, labelled } from './elements';
import type { InputPart } from './input-part';
import { makePad } from './pad';

/** Makes the part for an input that is an image: a pad, a file, and what the model gets of them. */
export function imageInput(field: ImageField): InputPart {
  const { input, dtype, height, width, channels, shape } = field;
  let file: Image | undefined;
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

  const current = (): Image => {
    const image = isFile && file ? file : imageOf(pad.strokes(), { height, width, channels, centered: center.checked });
    return invert.checked ? inverted(image) : image;
  };
  const show = () => {
    const data = new ImageData(width, height);
    data.data.set(toCanvas(current()));
    preview.getContext('2d')!.putImageData(data, 0, 0);
    preview.setAttribute('aria-label', `What the model gets: ${isFile ? 'the file' : pad.strokes().length ? 'the drawing' : 'an empty image'}, ${height} by ${width} pixels`);
  };
  chosen.addEventListener('change', () => {
    const [given] = chosen.files ?? [];
    if (given) {
      void pixelsOf(given, field).then((image) => {
        [file, isFile, problem.textContent] = [image, true, ''];
        show();
      }).catch(() => {
        problem.textContent = `${given.name}: this browser reads no image in it.`;
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
        labelled('Or an image’s file', chosen), problem,
        element('div', { class: 'settings' }, labelled('Pixel range', range), labelled('Invert colors', invert), labelled('Center and fit', center)))),
    value: () => shaped(numbersOf(current(), range.value as Range, dtype), shape),
  };
}

/** Reads a file's pixels in the size of an image, scaled by the browser. */
async function pixelsOf(file: File, { height, width, channels }: ImageField): Promise<Image> {
  const bitmap = await createImageBitmap(file, { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' });
  const canvas = element('canvas', { width, height });
  const context = canvas.getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return fromCanvas(context.getImageData(0, 0, width, height), channels);
}
