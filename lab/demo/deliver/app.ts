import { App, CfnOutput, Duration, Size, Stack } from 'aws-cdk-lib';
import { exampleOutputs } from '../../../bin/example-model';
import { EvaluationData, ModelDelivery, ModelFunction, ModelSource, QualityGate, RefusalBehavior, RequestCapture, Rollout } from '../../../lib';

/** The app of `npm run demo -- --deliver`: a delivery, and a function that serves what is uploaded. */
const app = new App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };

const delivering = new Stack(app, 'Delivery', { env });
const delivery = new ModelDelivery(delivering, 'Digits', { key: 'digits.zip', stackNames: ['Serving'], pollInterval: Duration.seconds(1) });
new CfnOutput(delivering, 'UploadBucket', { value: delivery.bucket.bucketName });

const serving = new Stack(app, 'Serving', { env });
const endpoint = new ModelFunction(serving, 'Digits', {
  model: ModelSource.fromDelivery(delivery),
  evaluation: EvaluationData.fromAsset('examples/digits/evaluation.npz'),
  gate: QualityGate.allOf(QualityGate.maxAccuracyLoss(0.01), QualityGate.maxSize(Size.mebibytes(1))),
  onRefusal: RefusalBehavior.KEEP_PREVIOUS,
  capture: RequestCapture.sampled({ rate: 1, retention: Duration.days(1) }),
  // The better model corrects some decisions of the first one.
  replay: { requests: 100, maxDisagreement: 0.3 },
  rollout: Rollout.canary({ percent: 10, bake: Duration.minutes(5) }),
});
new CfnOutput(serving, 'Url', { value: endpoint.addFunctionUrl().url });
new CfnOutput(serving, 'FunctionName', { value: endpoint.lambdaFunction.functionName });
exampleOutputs(serving, endpoint);
