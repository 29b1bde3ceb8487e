/** Options for training a student. */
export interface DistillationOptions {
  /**
   * Divides the scores of teacher and student before they are compared: the higher, the more the student learns from unlikely classes.
   * Above 0, at most 100. Has no effect on outputs that are measurements.
   *
   * @default 4
   */
  readonly temperature?: number;

  /**
   * Weight of the labels in training, from 0 to 1; the rest is the weight of the teacher's answers. Values above 0 need labels.
   *
   * @default - 0.1 with labels, 0 without
   */
  readonly alpha?: number;

  /**
   * Number of passes over the training part of the evaluation data.
   *
   * @default 30
   */
  readonly epochs?: number;

  /**
   * Also train on up to fifteen modified copies of each input: images are shifted by up to a fourteenth of their sides, other floats get
   * some noise. The teacher answers each copy; labels stay the same.
   *
   * @default true
   */
  readonly augment?: boolean;
}
