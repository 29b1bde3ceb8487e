import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

/**
 * Invokes a ModelFunction directly, without a URL: the caller needs `modelFunction.grantInvoke(caller)`.
 *
 * npm install @aws-sdk/client-lambda
 *
 * @param functionName name of the function; its alias `live` answers
 */
export async function predictDirectly<Prediction = unknown>(functionName: string, instances: unknown[], client = new LambdaClient({})): Promise<Prediction[]> {
  const { Payload, FunctionError } = await client.send(new InvokeCommand({
    FunctionName: functionName, Qualifier: 'live', Payload: JSON.stringify({ instances }),
  }));
  const answer = JSON.parse(Buffer.from(Payload!).toString()) as { predictions?: Prediction[]; error?: string; errorMessage?: string };
  // A refused request is a normal return; FunctionError says that the function itself failed.
  if (FunctionError || !answer.predictions) {
    throw new Error(answer.error ?? answer.errorMessage ?? 'the function gave no predictions');
  }
  return answer.predictions;
}
