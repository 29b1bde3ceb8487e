/** A path of an API with its methods. */
export interface ModelRoute {
  readonly path: string;
  readonly methods: ('GET' | 'POST')[];
}

/**
 * Returns the paths of one model: TensorFlow Serving's and those of the Open Inference Protocol.
 *
 * API Gateway compares whole segments of a path, so that the verb needs a path of its own. No path has OPTIONS, which API Gateway answers itself.
 */
export function modelRoutes(modelName: string): ModelRoute[] {
  const tensorFlow = `/v1/models/${modelName}`;
  const inference = `/v2/models/${modelName}`;
  return [
    { path: tensorFlow, methods: ['GET'] },
    { path: `${tensorFlow}:predict`, methods: ['POST'] },
    { path: `${tensorFlow}/{proxy+}`, methods: ['GET', 'POST'] },
    { path: inference, methods: ['GET'] },
    { path: `${inference}/{proxy+}`, methods: ['GET', 'POST'] },
  ];
}
