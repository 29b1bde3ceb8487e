import type { IMetric, MathExpressionProps } from 'aws-cdk-lib/aws-cloudwatch';

/**
 * Share of requests that failed because of the server, not the client.
 *
 * @param errors requests without an answer
 * @param invocations all requests
 * @param failures requests answered with 500, if counted separately
 */
export function failureRate(errors: IMetric, invocations: IMetric, failures?: IMetric): Pick<MathExpressionProps, 'expression' | 'usingMetrics'> {
  return failures
    // A function that crashes writes no failures, so the metric can have gaps.
    ? { expression: '(errors + FILL(failures, 0)) / invocations', usingMetrics: { errors, failures, invocations } }
    : { expression: 'errors / invocations', usingMetrics: { errors, invocations } };
}
