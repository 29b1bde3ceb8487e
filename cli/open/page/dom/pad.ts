import type { Point, Stroke } from '../drawing';
import { button, element } from './elements';

/** A pad to draw on by pointer, finger or keyboard. */
export interface Pad {
  readonly element: HTMLElement;
  strokes(): readonly Stroke[];
  clear(): void;
}

const SIZE = 280;
const STEP = 1 / 28;
const MOVES: Record<string, Point> = {
  ArrowLeft: { x: -STEP, y: 0 }, ArrowRight: { x: STEP, y: 0 }, ArrowUp: { x: 0, y: -STEP }, ArrowDown: { x: 0, y: STEP },
};
const HELP = 'Draw with a finger or a mouse. By keyboard, arrow keys move the pen (with Shift further), the space bar puts it down and lifts it.';

/** Makes a pad with the proportions of an image. `changed` is called whenever what is drawn has changed. */
export function makePad(name: string, { height, width }: { readonly height: number; readonly width: number }, changed: () => void): Pad {
  const lines: Point[][] = [];
  let pen: Point = { x: 0.5, y: 0.25 };
  let isDown = false;
  const side = { width: Math.round(SIZE * Math.min(1, width / height)), height: Math.round(SIZE * Math.min(1, height / width)) };
  const canvas = element('canvas', {
    'class': 'pad', 'tabindex': 0, 'role': 'application', 'aria-roledescription': 'drawing pad', 'aria-label': `Drawing pad for ${name}`,
    'aria-describedby': `help-of-${name}`, ...side,
  });
  const state = element('span', { 'class': 'unseen', 'role': 'status' });
  const context = canvas.getContext('2d')!;

  const draw = () => {
    const style = getComputedStyle(canvas);
    context.clearRect(0, 0, side.width, side.height);
    Object.assign(context, { lineCap: 'round', lineJoin: 'round', lineWidth: 0.09 * Math.min(side.width, side.height), strokeStyle: style.color });
    lines.forEach((line) => {
      context.beginPath();
      line.concat(line.length === 1 ? line : []).forEach(({ x, y }) => context.lineTo(x * side.width, y * side.height));
      context.stroke();
    });
    if (document.activeElement === canvas && canvas.matches(':focus-visible')) {
      Object.assign(context, { lineWidth: 2, strokeStyle: style.outlineColor });
      context.beginPath();
      context.arc(pen.x * side.width, pen.y * side.height, isDown ? 9 : 14, 0, 2 * Math.PI);
      context.stroke();
    }
  };
  const redraw = () => {
    draw();
    changed();
  };
  const pointOf = ({ clientX, clientY }: PointerEvent): Point => {
    const { left, top, width: shown, height: high } = canvas.getBoundingClientRect();
    return { x: Math.min(1, Math.max(0, (clientX - left) / shown)), y: Math.min(1, Math.max(0, (clientY - top) / high)) };
  };

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    isDown = false;
    lines.push([pointOf(event)]);
    redraw();
  });
  canvas.addEventListener('pointermove', (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) {
      lines.at(-1)!.push(pointOf(event));
      redraw();
    }
  });
  canvas.addEventListener('keydown', (event) => {
    const move = MOVES[event.key];
    if (move) {
      const far = event.shiftKey ? 4 : 1;
      pen = { x: Math.min(1, Math.max(0, pen.x + move.x * far)), y: Math.min(1, Math.max(0, pen.y + move.y * far)) };
      if (isDown) {
        lines.at(-1)!.push(pen);
      }
      state.textContent = `${Math.round(pen.x * 100)} % from the left, ${Math.round(pen.y * 100)} % from the top`;
    } else if (event.key === ' ') {
      isDown = !isDown;
      if (isDown) {
        lines.push([pen]);
      }
      state.textContent = isDown ? 'The pen is down.' : 'The pen is up.';
    } else if (event.key === 'Backspace') {
      takeBack();
    } else {
      return;
    }
    event.preventDefault();
    redraw();
  });
  canvas.addEventListener('focus', draw);
  canvas.addEventListener('blur', () => {
    isDown = false;
    draw();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);

  function takeBack(): void {
    isDown = false;
    lines.pop();
    redraw();
  }
  function clear(): void {
    isDown = false;
    lines.length = 0;
    redraw();
  }
  const buttons = element('p', { class: 'buttons' }, button('Clear', clear), button('Undo', takeBack));
  return {
    element: element('div', {}, canvas, state, element('p', { class: 'help', id: `help-of-${name}` }, HELP), buttons),
    strokes: () => lines.filter((line) => line.length > 0),
    clear,
  };
}
