/** The part of the form for an input. */
export interface InputPart {
  readonly element: HTMLElement;
  /** Returns the input's value for one row. Throws a sentence. */
  value(): unknown;
}
