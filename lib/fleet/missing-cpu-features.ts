/** What an instance does if its processor lacks a feature that the model was optimized for, such as bfloat16. */
export enum MissingCpuFeatures {
  /** The boot fails and reports the reason, because TensorFlow Serving would crash at the first request. */
  REFUSE = 'refuse',

  /** Serves with oneDNN turned off: correct but slower. */
  DISABLE_ONEDNN = 'disable_onednn',
}
