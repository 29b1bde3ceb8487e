/** The program that serves a model on machines and in pods. */
export enum ModelServer {
  /** TensorFlow Serving: every SavedModel, on x86_64. */
  TENSORFLOW_SERVING = 'tensorflow_serving',

  /**
   * This library's own server for LiteRT models, on x86_64 and arm64. It answers TensorFlow Serving's requests. It takes the models
   * that the optimization job has proved for the native runtime; any other fails the deployment with the job's reason.
   */
  LITERT = 'litert',
}
