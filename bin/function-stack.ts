import type { Size } from 'aws-cdk-lib';
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { LiteRtRuntime, ModelHook } from '../lib';
import { ModelFunction } from '../lib';
import { exampleModel, exampleOutputs } from './example-model';
import type { ExampleStackProps } from './example-stack-props';

export interface FunctionStackProps extends ExampleStackProps {
  readonly memorySize?: Size;
  /** @default - native if the model is proved for it */
  readonly liteRtRuntime?: LiteRtRuntime;
  readonly hook?: ModelHook;
}

/** A model on AWS Lambda behind a function URL. */
export class FunctionStack extends Stack {
  public readonly endpoint: ModelFunction;

  constructor(scope: Construct, id: string, props: FunctionStackProps) {
    super(scope, id, props);
    this.endpoint = new ModelFunction(this, 'Digits', {
      ...exampleModel(this, props),
      memorySize: props.memorySize,
      liteRtRuntime: props.liteRtRuntime,
      hook: props.hook,
    });
    const url = this.endpoint.addFunctionUrl();

    new CfnOutput(this, 'Url', { value: url.url });
    new CfnOutput(this, 'FunctionName', { value: this.endpoint.lambdaFunction.functionName });
    exampleOutputs(this, this.endpoint);
  }
}
