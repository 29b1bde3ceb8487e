/** The program that serves a model on machines and in pods. */
export enum ModelServer {
  /** TensorFlow Serving: every SavedModel, on x86_64. */
  TENSORFLOW_SERVING = 'tensorflow_serving',

  /** This library's own server for LiteRT models, on x86_64 and arm64. It answers TensorFlow Serving's requests, and takes what ModelFunction takes. */
  LITERT = 'litert',
}
