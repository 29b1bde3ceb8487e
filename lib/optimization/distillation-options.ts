/** How a student is taught. */
export interface DistillationOptions {
  /**
   * What the scores of teacher and student are divided by before they are compared: the higher, the more the unlikely classes teach as well.
   * Above 0, at most 100. Without effect on outputs that are measurements.
   *
   * @default 4
   */
  readonly temperature?: number;

  /**
   * Share of the labels in what the student learns, from 0 to 1; the rest is the teacher's answers. Above 0 it needs labels.
   *
   * @default - 0.1 with labels, 0 without
   */
  readonly alpha?: number;

  /**
   * How often the training goes through its part of the evaluation data.
   *
   * @default 30
   */
  readonly epochs?: number;

  /**
   * Teach on changed copies of the inputs as well, up to fifteen of each: images are shifted by up to a fourteenth of their sides, other floats get
   * some noise. The teacher answers anew for each copy; labels stay.
   *
   * @default true
   */
  readonly augment?: boolean;
}
