/** What a published model is made of, and so where it can be served. */
export enum ModelFormat {
  /** LiteRT (formerly TensorFlow Lite): what ModelFunction serves. */
  LITERT = 'litert',

  /** A TensorFlow SavedModel: what TensorFlow Serving serves. */
  SAVED_MODEL = 'saved_model',
}
