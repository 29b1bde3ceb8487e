import type { Size } from 'aws-cdk-lib';
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { EvaluationData, ModelFunction, ModelSource } from '../lib';
import type { ExampleStackProps } from './example-stack-props';

/** What to deploy. */
export interface FunctionStackProps extends ExampleStackProps {
  readonly memorySize?: Size;
}

/** A model on AWS Lambda behind a function URL. */
export class FunctionStack extends Stack {
  constructor(scope: Construct, id: string, props: FunctionStackProps) {
    super(scope, id, props);
    const digits = new ModelFunction(this, 'Digits', {
      model: ModelSource.fromAsset(props.model, { inputShapes: props.inputShapes }),
      evaluation: props.evaluation ? EvaluationData.fromAsset(props.evaluation) : undefined,
      recipe: props.recipe,
      gate: props.gate,
      memorySize: props.memorySize,
    });
    const url = digits.addFunctionUrl();

    new CfnOutput(this, 'Url', { value: url.url });
    new CfnOutput(this, 'FunctionName', { value: digits.lambdaFunction.functionName });
    new CfnOutput(this, 'ArtifactBucket', { value: digits.artifact.bucket.bucketName });
    new CfnOutput(this, 'ManifestKey', { value: digits.optimizer!.manifestKey });
    new CfnOutput(this, 'ReportKey', { value: digits.optimizer!.reportKey });
    new CfnOutput(this, 'Summary', { value: digits.optimizer!.summary });
  }
}
