/** Format of a published model, which decides where it can be served. */
export enum ModelFormat {
  /** LiteRT (formerly TensorFlow Lite), served by ModelFunction and by `ModelServer.LITERT`. */
  LITERT = 'litert',

  /** A TensorFlow SavedModel, served by TensorFlow Serving. */
  SAVED_MODEL = 'saved_model',
}
