import { App, Duration, Size, Stack, aws_iam as iam, aws_s3 as s3 } from 'aws-cdk-lib';
import {
  EvaluationData, LiteRtRuntime, ModelArtifact, ModelFormat, ModelFunction, ModelOptimizer, ModelSource, OptimizationRecipe, PythonBundling,
  QualityGate, Quantization, RuntimeLayer,
} from 'cdk-tensorflow';

const app = new App();

const endpoints = new Stack(app, 'Endpoints');
const digits = new ModelFunction(endpoints, 'Digits', {
  model: ModelSource.fromAsset('digits/saved_model', { signatureName: 'serving_default' }),
  evaluation: EvaluationData.fromAsset('digits/evaluation.npz'),
  recipe: OptimizationRecipe.of(Quantization.dynamicRange()),
  gate: QualityGate.allOf(QualityGate.maxAccuracyLoss(0.01), QualityGate.maxSize(Size.mebibytes(1))),
  memorySize: Size.mebibytes(1024),
  timeout: Duration.seconds(20),
  bundling: PythonBundling.LOCAL,
});
digits.addFunctionUrl();
digits.grantInvoke(new iam.AccountRootPrincipal());
RuntimeLayer.nano(endpoints, { bundling: PythonBundling.LOCAL });

const publisher = new Stack(app, 'Publisher');
const optimizer = new ModelOptimizer(publisher, 'Shared', {
  model: ModelSource.fromAsset('digits/saved_model'),
  modelFormat: ModelFormat.LITERT,
  recipe: OptimizationRecipe.forLambda(),
  pointerParameterName: '/models/shared',
});
optimizer.grantStartBuild(new iam.AccountRootPrincipal());

const importer = new Stack(app, 'Importer');
const bucket = s3.Bucket.fromBucketName(importer, 'Bucket', 'models-of-another-stack');
new ModelFunction(importer, 'Shared', {
  model: ModelSource.fromArtifact(ModelArtifact.fromParameter(importer, 'Pointer', { bucket, parameterName: '/models/shared' })),
  liteRtRuntime: LiteRtRuntime.NANO,
  bundling: PythonBundling.LOCAL,
});
app.synth();
