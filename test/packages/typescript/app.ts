import {
  App, Duration, Size, Stack, aws_apigateway as apigateway, aws_iam as iam, aws_kms as kms, aws_logs as logs, aws_s3 as s3,
} from 'aws-cdk-lib';
import {
  ChannelOrder, Distillation, EvaluationData, IDeliveredModel, IModelArtifact, IMonitoredEndpoint, ImageInput, LayerQuantization, LiteRtRuntime,
  ModelAlarms, ModelApi, ModelApiAuthorizationType, ModelApiGrants, ModelApiType, ModelArtifact, ModelDashboard, ModelDelivery, ModelDeliveryGrants,
  ModelFormat, ModelFunction, ModelFunctionGrants, ModelHook, ModelMonitor, ModelOptimizer, ModelOptimizerGrants, ModelSource, ModelTask,
  OptimizationRecipe, OptimizationStep, Pruning, PruningSchedule, PythonBundling, QualityGate, QualityMetric, Quantization, QuantizationRecovery,
  RefusalBehavior, RequestCapture, ResizeMethod, Rollout, RuntimeLayer, SearchObjective, StatefulBehavior, Student, StudentSize, UnsignedVersions,
} from 'cdk-tensorflow';
import { fleets, services } from './servers';
import { alarm, data } from './shared';

const app = new App();
const caller = new iam.AccountRootPrincipal();
const gateOfData = QualityGate.allOf(
  QualityGate.maxAccuracyLoss(0.01), QualityGate.maxErrorIncrease(0.01), QualityGate.maxSize(Size.mebibytes(1)), QualityGate.maxLatencyRatio(2), QualityGate.strict(),
);

functions(new Stack(app, 'Functions'));
publisher(new Stack(app, 'Publisher'), new Stack(app, 'Images'));
services(new Stack(app, 'Services'));
fleets(new Stack(app, 'Fleets'));
importer(new Stack(app, 'Importer'));
layers(new Stack(app, 'Layers'));
deliveries(new Stack(app, 'Delivery'), new Stack(app, 'Delivered'));
app.synth();

/** The endpoint on Lambda, with all that stands around it. */
function functions(stack: Stack): void {
  const digits = new ModelFunction(stack, 'Digits', {
    model: ModelSource.fromAsset('digits/saved_model', { signatureName: 'serving_default' }),
    evaluation: data,
    recipe: OptimizationRecipe.of(Quantization.dynamicRange()),
    gate: gateOfData,
    labels: ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'],
    hook: ModelHook.fromAsset('hooks/stdlib', { checkEventFile: 'hooks/stdlib/event.json' }),
    liteRtRuntime: LiteRtRuntime.NUMPY,
    memorySize: Size.mebibytes(1024),
    artifactPrefix: 'digits-of-the-laboratory',
    threads: 2,
    timeout: Duration.seconds(20),
    provisionedConcurrentExecutions: 1,
    maxProvisionedConcurrentExecutions: 4,
    rollout: Rollout.canary({ percent: 10, bake: Duration.minutes(5), maxLatency: Duration.millis(200) }),
    bundling: PythonBundling.LOCAL,
  });
  digits.addFunctionUrl();
  digits.onLive('Live', { description: 'Callers get a version' });
  digits.onRolledBack('RolledBack', { description: 'A version was rolled back' });
  digits.grantInvoke(caller);
  digits.grantInvokeUrl(caller);
  const functionGrants: ModelFunctionGrants = digits.grants;
  functionGrants.invoke(caller);
  functionGrants.invokeUrl(caller);
  alarm(digits.metricModelLoadTime(), digits, 'LoadTime');
  alarm(digits.metricModelLatency(), digits, 'ModelLatency');
  alarm(digits.metricFailures(), digits, 'Failures');

  const endpoint: IMonitoredEndpoint = digits;
  alarm(endpoint.metricInvocations(), digits, 'Invocations');
  alarm(endpoint.metricErrors(), digits, 'Errors');
  alarm(endpoint.metricLatency(), digits, 'Latency');
  new ModelAlarms(stack, 'Alarms', { endpoint, maxLatency: Duration.millis(200) });
  new ModelDashboard(stack, 'Dashboard', { endpoints: [endpoint] });
  const captureBucket = s3.Bucket.fromBucketName(stack, 'Captured', 'requests-of-the-laboratory');
  const monitor = new ModelMonitor(stack, 'Monitor', { endpoint, captureBucket, period: Duration.hours(12) });
  monitor.onDrift('Drifted', { description: 'Requests have drifted' });
  alarm(monitor.metricDriftedFeatures(), monitor, 'DriftedFeatures');
  alarm(monitor.metricStabilityIndex(), monitor, 'StabilityIndex');
  alarm(monitor.metricDivergence(), monitor, 'Divergence');
  alarm(monitor.metricComparedSamples(), monitor, 'ComparedSamples');

  const steps: OptimizationStep[] = [
    Quantization.float16(), Quantization.fullInteger(), Pruning.magnitude({ sparsity: 0.5, schedule: PruningSchedule.GRADUAL }),
  ];
  const searched = new ModelFunction(stack, 'Searched', {
    model: ModelSource.fromAsset('digits/saved_model', { stateful: StatefulBehavior.RESET_PER_REQUEST }),
    evaluation: data,
    recipe: OptimizationRecipe.search({ objective: SearchObjective.SIZE, steps, maxTrials: 4 }),
    liteRtRuntime: LiteRtRuntime.NUMPY,
    capture: RequestCapture.sampled({ rate: 0.25, retention: Duration.days(30) }),
    replay: { maxDisagreement: 0.05 },
    rollout: Rollout.linear({ percent: 20, interval: Duration.minutes(2), maxErrorRate: 0.05 }),
    bundling: PythonBundling.LOCAL,
  });
  alarm(searched.metricDroppedCaptures(), searched, 'DroppedCaptures');
  new ModelDashboard(stack, 'Searching').addEndpoint(searched);
  apis(stack, [digits, searched]);
}

/** One API of each type in front of all functions. */
function apis(stack: Stack, models: ModelFunction[]): void {
  const signed = new ModelApi(stack, 'Api', {
    models,
    apiType: ModelApiType.HTTP,
    apiName: 'models-of-the-laboratory',
    authorizationType: ModelApiAuthorizationType.IAM,
    cors: { allowedOrigins: ['https://www.example.com'], allowedHeaders: ['content-type', 'authorization'], maxAge: Duration.hours(1) },
    throttle: { rateLimit: 100, burstLimit: 50 },
    logGroup: logs.LogGroup.fromLogGroupName(stack, 'AccessLog', 'access-of-the-laboratory'),
  });
  const apiCaller = new iam.Role(stack, 'ApiCaller', { assumedBy: caller });
  signed.grantInvoke(apiCaller);
  const apiGrants: ModelApiGrants = signed.grants;
  apiGrants.invoke(apiCaller);
  stack.addMetadata('Api', [signed.url, signed.httpApi!.apiId, signed.logGroup!.logGroupName]);
  const keyed = new ModelApi(stack, 'KeyedApi', {
    models,
    apiType: ModelApiType.REST,
    authorizationType: ModelApiAuthorizationType.NONE,
    apiKeyRequired: true,
    usagePlan: { throttle: { rateLimit: 10, burstLimit: 20 }, quota: { limit: 10_000, period: apigateway.Period.DAY } },
  });
  const shop = keyed.addApiKey('Shop', { apiKeyName: 'shop' });
  stack.addMetadata('KeyedApi', [keyed.url, keyed.restApi!.restApiId, keyed.usagePlan!.usagePlanId, keyed.apiKey!.keyId, shop.keyId]);
}

/**
 * Optimizes and publishes, for both formats.
 *
 * One stack with all of it has a policy near the size at which the CDK splits it. That size counts the letters of tokens, which differ between languages.
 */
function publisher(stack: Stack, images: Stack): void {
  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'models-of-the-laboratory');
  const signingKey = kms.Key.fromKeyArn(stack, 'SigningKey', 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab');
  const shared = new ModelOptimizer(stack, 'Shared', {
    model: ModelSource.fromAsset('digits/saved_model', { stateful: StatefulBehavior.REFUSE, allowedOperations: ['ReadFile'] }),
    format: ModelFormat.LITERT,
    recipe: OptimizationRecipe.forLiteRt(),
    pointerParameterName: '/models/shared',
    onRefusal: RefusalBehavior.KEEP_PREVIOUS,
    attempt: 2,
    signingKey,
    unsignedVersions: UnsignedVersions.SIGN,
    retention: { versions: 10, age: Duration.days(90) },
  });
  shared.grantStartBuild(caller);
  shared.grantRead(caller);
  const optimizerGrants: ModelOptimizerGrants = shared.grants;
  optimizerGrants.startBuild(caller);
  optimizerGrants.read(caller);
  alarm(shared.metricFailedBuilds(), shared, 'Failed');
  alarm(shared.metricRefused(), shared, 'Refused');
  shared.onPublished('Publication', { description: 'A version was published' });
  shared.onRefused('Refusal', { description: 'A model was refused' });
  shared.onPruned('Removal', { description: 'Old versions were removed' });
  alarm(shared.pruningFunction!.metricErrors(), shared, 'Pruning');
  shared.onEvent('Event');
  alarm(shared.metricBuildDuration(), shared, 'Duration');

  new ModelOptimizer(stack, 'Pruned', {
    model: ModelSource.fromBucket(bucket, 'digits/', { revision: '1' }),
    evaluation: EvaluationData.fromBucket(bucket, 'digits.npz', { objectVersion: '3' }),
    tasks: { digit: ModelTask.MULTICLASS, odd: ModelTask.BINARY, tags: ModelTask.MULTILABEL, value: ModelTask.REGRESSION },
    recipe: OptimizationRecipe.of(Pruning.magnitude({ sparsity: 0.8, schedule: PruningSchedule.AT_ONCE })),
    gate: QualityGate.minAgreement(0.98),
    onRefusal: RefusalBehavior.FAIL,
    signingKey,
    unsignedVersions: UnsignedVersions.REFUSE,
  });
  new ModelOptimizer(stack, 'Fast', {
    model: ModelSource.fromAsset('digits/saved_model'),
    evaluation: data,
    recipe: OptimizationRecipe.search({ objective: SearchObjective.LATENCY }),
  });
  [QuantizationRecovery.WITHOUT_TRAINING, QuantizationRecovery.WITH_TRAINING].forEach((recover, index) => new ModelOptimizer(stack, `Recovered${index}`, {
    model: ModelSource.fromAsset('digits/saved_model'),
    evaluation: data,
    recipe: OptimizationRecipe.of(Quantization.fullInteger({ recover })),
  }));
  new ModelOptimizer(stack, 'Mixed', {
    model: ModelSource.fromAsset('digits/saved_model'),
    evaluation: data,
    recipe: OptimizationRecipe.search({
      objective: SearchObjective.SIZE,
      steps: [
        Quantization.mixed({
          allSupported: LayerQuantization.WEIGHT_ONLY_WI8_AFP32, fullyConnected: LayerQuantization.DYNAMIC_WI4B32_AFP32, depthwiseConv2d: LayerQuantization.NO_QUANTIZE,
        }),
        Quantization.mixed({ allSupported: LayerQuantization.STATIC_WI8_AI8, fullyConnected: LayerQuantization.DYNAMIC_WI4B64_AFP32 }),
        Quantization.mixed({ allSupported: LayerQuantization.DYNAMIC_WI8_AFP32, fullyConnected: LayerQuantization.DYNAMIC_WI4B128_AFP32 }),
      ],
    }),
    gate: QualityGate.allOf(
      QualityGate.maxLoss(QualityMetric.accuracy(), 0.01),
      QualityGate.maxLoss(QualityMetric.balancedAccuracy(), 0.02),
      QualityGate.maxLoss(QualityMetric.recall({ classIndex: 1 }), 0.03),
      QualityGate.maxLoss(QualityMetric.precision(), 0.03),
      QualityGate.maxLoss(QualityMetric.f1(), 0.03),
      QualityGate.maxLoss(QualityMetric.areaUnderRocCurve(), 0.01),
      QualityGate.maxLoss(QualityMetric.topK(2, { output: 'probabilities' }), 0.01),
      QualityGate.maxLoss(QualityMetric.meanAbsoluteError(), 0.1),
      QualityGate.notWorseThanServing({ metric: QualityMetric.balancedAccuracy(), margin: 0.01 }),
    ),
  });
  [
    ImageInput.zeroTo255(),
    ImageInput.zeroToOne({ input: 'image', resize: ResizeMethod.BILINEAR }),
    ImageInput.minusOneToOne({ resize: ResizeMethod.NEAREST }),
    ImageInput.caffe(),
    ImageInput.torch({ resize: ResizeMethod.BICUBIC, antialias: true }),
    ImageInput.linear({ scale: [0.5], channelOrder: ChannelOrder.RGB }),
    ImageInput.linear({ scale: [0.5, 0.25, 0.125], offset: [-1.5, 0.5, 1.5], channelOrder: ChannelOrder.BGR }),
  ].forEach((imageInput, index) => new ModelOptimizer(images, `Image${index}`, { model: ModelSource.fromAsset('digits/saved_model'), imageInput }));
  new ModelOptimizer(images, 'Plain', {
    model: ModelSource.fromAsset('digits/saved_model'),
    recipe: OptimizationRecipe.none(),
    gate: QualityGate.maxRelativeError(0.001),
  });
  const students = [Student.ofSize(StudentSize.TINY), Student.ofSize(StudentSize.SMALL), Student.ofSize(StudentSize.MEDIUM), Student.fromAsset('digits/saved_model')];
  students.forEach((student, index) => new ModelOptimizer(stack, `Distilled${index}`, {
    model: ModelSource.fromAsset('digits/saved_model'),
    evaluation: data,
    recipe: OptimizationRecipe.of(Distillation.into(student, { temperature: 2, epochs: 10 })),
  }));
  new ModelOptimizer(stack, 'Served', {
    model: ModelSource.fromAsset('digits/saved_model'),
    format: ModelFormat.SAVED_MODEL,
    recipe: OptimizationRecipe.forServing(),
  });
}

/** Models that another stack published. */
function importer(stack: Stack): void {
  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'models-of-another-stack');
  const pointed: IModelArtifact = ModelArtifact.fromParameter(stack, 'Pointer', { bucket, parameterName: '/models/shared', lease: true });
  pointed.grantRead(caller);
  new ModelFunction(stack, 'Shared', {
    model: ModelSource.fromArtifact(pointed),
    liteRtRuntime: LiteRtRuntime.NATIVE,
    capture: RequestCapture.sampled({ rate: 0.01, retention: Duration.days(7), redact: ['image'], streamName: 'shared-requests' }),
    bundling: PythonBundling.LOCAL,
  });
  new ModelFunction(stack, 'Pinned', {
    model: ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Published', { bucket, manifestKey: 'digits/litert/3/manifest.json', lease: false })),
    liteRtRuntime: LiteRtRuntime.NATIVE,
    explorer: true,
    bundling: PythonBundling.LOCAL,
  });
}

/** Runtime layers by themselves. Nothing of this stack is bundled, so that it needs no Docker here. */
function layers(stack: Stack): void {
  stack.node.setContext('aws:cdk:bundling-stacks', []);
  RuntimeLayer.forNative(stack, { bundling: PythonBundling.AUTO });
  RuntimeLayer.forNumpy(stack, { bundling: PythonBundling.AUTO });
  new RuntimeLayer(stack, 'Docker', { liteRtRuntime: LiteRtRuntime.NUMPY, bundling: PythonBundling.docker({ network: 'host' }) });
}

/** Uploads that become live without a deployment. */
function deliveries(stack: Stack, serving: Stack): void {
  const digits = new ModelDelivery(stack, 'Digits', {
    key: 'digits.zip',
    stackNames: ['Delivered'],
    parameterPrefix: '/models/digits',
    stateMachineName: 'digits',
    pollInterval: Duration.seconds(30),
  });
  digits.grantUpload(caller);
  digits.grantDeliver(caller);
  digits.grantOperate(caller);
  const deliveryGrants: ModelDeliveryGrants = digits.grants;
  deliveryGrants.upload(caller);
  deliveryGrants.deliver(caller);
  deliveryGrants.operate(caller);
  digits.onEvent('Event');
  digits.onDelivered('Live');
  digits.onFailed('Failure', { description: 'A model is not live' });
  const delivery: IDeliveredModel = digits;
  new ModelOptimizer(serving, 'Digits', { model: ModelSource.fromDelivery(delivery, { signatureName: 'serving_default' }) });
}
