import type { IMetric, MathExpressionProps } from 'aws-cdk-lib/aws-cloudwatch';

/**
 * The share of requests that failed through no fault of theirs.
 *
 * @param errors requests without an answer
 * @param invocations all requests
 * @param failures requests that were answered by 500, where they are counted apart
 */
export function failureRate(errors: IMetric, invocations: IMetric, failures?: IMetric): Pick<MathExpressionProps, 'expression' | 'usingMetrics'> {
  return failures
    // Not every minute with requests has a figure of failures: a function that crashes writes none.
    ? { expression: '(errors + FILL(failures, 0)) / invocations', usingMetrics: { errors, failures, invocations } }
    : { expression: 'errors / invocations', usingMetrics: { errors, invocations } };
}
