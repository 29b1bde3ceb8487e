/** What an instance does whose processor lacks a feature that the model was optimized for, such as bfloat16. */
export enum MissingCpuFeatures {
  /** It does not serve, and its boot fails with the reason: TensorFlow Serving would end at the first request. */
  REFUSE = 'refuse',

  /** It serves with oneDNN off: right, and slower. */
  DISABLE_ONEDNN = 'disable_onednn',
}
