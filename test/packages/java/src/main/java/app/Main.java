package app;

import io.github.cdktensorflow.ArtifactRetention;
import io.github.cdktensorflow.BucketEvaluationDataOptions;
import io.github.cdktensorflow.BucketModelSourceOptions;
import io.github.cdktensorflow.CanaryRolloutOptions;
import io.github.cdktensorflow.ChannelOrder;
import io.github.cdktensorflow.ClassMetricOptions;
import io.github.cdktensorflow.Distillation;
import io.github.cdktensorflow.DistillationOptions;
import io.github.cdktensorflow.CorsOptions;
import io.github.cdktensorflow.EvaluationData;
import io.github.cdktensorflow.FullIntegerQuantizationOptions;
import io.github.cdktensorflow.Graph;
import io.github.cdktensorflow.IDeliveredModel;
import io.github.cdktensorflow.IModelArtifact;
import io.github.cdktensorflow.IModelEndpoint;
import io.github.cdktensorflow.IMonitoredEndpoint;
import io.github.cdktensorflow.ImageInput;
import io.github.cdktensorflow.ImageInputOptions;
import io.github.cdktensorflow.LayerQuantization;
import io.github.cdktensorflow.LinearImageInputOptions;
import io.github.cdktensorflow.LinearRolloutOptions;
import io.github.cdktensorflow.LiteRtRuntime;
import io.github.cdktensorflow.MagnitudePruningOptions;
import io.github.cdktensorflow.MissingCpuFeatures;
import io.github.cdktensorflow.MixedQuantizationOptions;
import io.github.cdktensorflow.ModelAlarms;
import io.github.cdktensorflow.ModelApi;
import io.github.cdktensorflow.ModelApiAuthorizationType;
import io.github.cdktensorflow.ModelApiType;
import io.github.cdktensorflow.ModelArtifact;
import io.github.cdktensorflow.ModelArtifactFromBucketOptions;
import io.github.cdktensorflow.ModelArtifactFromParameterOptions;
import io.github.cdktensorflow.ModelDashboard;
import io.github.cdktensorflow.ModelDelivery;
import io.github.cdktensorflow.ModelFleet;
import io.github.cdktensorflow.ModelFormat;
import io.github.cdktensorflow.ModelFunction;
import io.github.cdktensorflow.ModelHook;
import io.github.cdktensorflow.ModelHookOptions;
import io.github.cdktensorflow.ModelMonitor;
import io.github.cdktensorflow.ModelOptimizer;
import io.github.cdktensorflow.ModelServer;
import io.github.cdktensorflow.ModelService;
import io.github.cdktensorflow.ModelSource;
import io.github.cdktensorflow.ModelSourceOptions;
import io.github.cdktensorflow.ModelStorage;
import io.github.cdktensorflow.ModelTask;
import io.github.cdktensorflow.NotWorseThanServingOptions;
import io.github.cdktensorflow.OptimizationRecipe;
import io.github.cdktensorflow.OptimizationSearchOptions;
import io.github.cdktensorflow.OptimizationStep;
import io.github.cdktensorflow.Pruning;
import io.github.cdktensorflow.PruningSchedule;
import io.github.cdktensorflow.PythonBundling;
import io.github.cdktensorflow.PythonDockerOptions;
import io.github.cdktensorflow.PythonRuntimeLayerOptions;
import io.github.cdktensorflow.QualityGate;
import io.github.cdktensorflow.QualityMetric;
import io.github.cdktensorflow.QualityMetricOptions;
import io.github.cdktensorflow.Quantization;
import io.github.cdktensorflow.QuantizationRecovery;
import io.github.cdktensorflow.RefusalBehavior;
import io.github.cdktensorflow.ReplayOptions;
import io.github.cdktensorflow.RequestCapture;
import io.github.cdktensorflow.RequestCaptureOptions;
import io.github.cdktensorflow.ResizeMethod;
import io.github.cdktensorflow.Rollout;
import io.github.cdktensorflow.RuntimeLayer;
import io.github.cdktensorflow.RuntimeLayerOptions;
import io.github.cdktensorflow.SearchObjective;
import io.github.cdktensorflow.ServerCertificate;
import io.github.cdktensorflow.ServingBinary;
import io.github.cdktensorflow.ServingImage;
import io.github.cdktensorflow.ServingImageAssetOptions;
import io.github.cdktensorflow.StatefulBehavior;
import io.github.cdktensorflow.Student;
import io.github.cdktensorflow.StudentSize;
import io.github.cdktensorflow.UnsignedVersions;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.App;
import software.amazon.awscdk.ArnComponents;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.Size;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.apigateway.ApiKeyOptions;
import software.amazon.awscdk.services.apigateway.IApiKey;
import software.amazon.awscdk.services.apigateway.Period;
import software.amazon.awscdk.services.apigateway.QuotaSettings;
import software.amazon.awscdk.services.apigateway.ThrottleSettings;
import software.amazon.awscdk.services.apigateway.UsagePlanProps;
import software.amazon.awscdk.services.certificatemanager.CfnCertificate;
import software.amazon.awscdk.services.cloudwatch.CfnAlarm;
import software.amazon.awscdk.services.cloudwatch.CreateAlarmOptions;
import software.amazon.awscdk.services.cloudwatch.Metric;
import software.amazon.awscdk.services.ec2.IMachineImage;
import software.amazon.awscdk.services.ec2.IVpc;
import software.amazon.awscdk.services.ec2.MachineImage;
import software.amazon.awscdk.services.ec2.Peer;
import software.amazon.awscdk.services.ec2.Vpc;
import software.amazon.awscdk.services.ec2.VpcAttributes;
import software.amazon.awscdk.services.ecr.Repository;
import software.amazon.awscdk.services.eks_v2.Cluster;
import software.amazon.awscdk.services.eks_v2.ClusterAttributes;
import software.amazon.awscdk.services.eks_v2.ICluster;
import software.amazon.awscdk.services.eks_v2.KubectlProvider;
import software.amazon.awscdk.services.eks_v2.KubectlProviderAttributes;
import software.amazon.awscdk.services.events.OnEventOptions;
import software.amazon.awscdk.services.iam.AccountRootPrincipal;
import software.amazon.awscdk.services.iam.IGrantable;
import software.amazon.awscdk.services.iam.IPrincipal;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.kms.CfnKey;
import software.amazon.awscdk.services.kms.IKey;
import software.amazon.awscdk.services.kms.Key;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.s3.IBucket;
import software.amazon.awscdk.services.secretsmanager.Secret;
import software.constructs.Construct;

/** The consumer app in Java. */
public final class Main {
  private static final String ORDERS_ARN = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:orders";
  private static final String CERTIFICATE_ARN = "arn:aws:acm:eu-central-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-0123456789ab";
  private static final String VOLUME_KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-0123456789ab";

  private Main() {}

  public static void main(final String[] args) {
    App app = new App();
    IPrincipal caller = new AccountRootPrincipal();
    functions(new Stack(app, "Functions"), caller);
    publisher(new Stack(app, "Publisher"), new Stack(app, "Images"), caller);
    services(new Stack(app, "Services"));
    fleets(new Stack(app, "Fleets"));
    importer(new Stack(app, "Importer"), caller);
    layers(new Stack(app, "Layers"));
    deliveries(new Stack(app, "Delivery"), new Stack(app, "Delivered"), caller);
    app.synth();
  }

  /** The endpoint on Lambda, with all that stands around it. */
  private static void functions(final Stack stack, final IPrincipal caller) {
    EvaluationData data = EvaluationData.fromAsset("digits/evaluation.npz");
    ModelFunction digits = ModelFunction.Builder.create(stack, "Digits")
        .model(ModelSource.fromAsset("digits/saved_model", ModelSourceOptions.builder().signatureName("serving_default").build()))
        .evaluation(data)
        .recipe(OptimizationRecipe.of(Quantization.dynamicRange()))
        .gate(QualityGate.allOf(QualityGate.maxAccuracyLoss(0.01), QualityGate.maxErrorIncrease(0.01), QualityGate.maxSize(Size.mebibytes(1)),
            QualityGate.maxLatencyRatio(2), QualityGate.strict()))
        .labels(List.of("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))
        .hook(ModelHook.fromAsset("hooks/stdlib", ModelHookOptions.builder().checkEventFile("hooks/stdlib/event.json").build()))
        .liteRtRuntime(LiteRtRuntime.NUMPY)
        .memorySize(Size.mebibytes(1024))
        .artifactPrefix("digits-of-the-laboratory")
        .threads(2)
        .timeout(Duration.seconds(20))
        .provisionedConcurrentExecutions(1)
        .maxProvisionedConcurrentExecutions(4)
        .rollout(Rollout.canary(CanaryRolloutOptions.builder()
            .percent(10)
            .bake(Duration.minutes(5))
            .maxLatency(Duration.millis(200))
            .build()))
        .bundling(PythonBundling.LOCAL)
        .build();
    digits.addFunctionUrl();
    digits.onLive("Live", OnEventOptions.builder().description("Callers get a version").build());
    digits.onRolledBack("RolledBack", OnEventOptions.builder().description("A version was rolled back").build());
    digits.grantInvoke(caller);
    digits.grantInvokeUrl(caller);
    digits.getGrants().invoke(caller);
    digits.getGrants().invokeUrl(caller);
    alarm(digits.metricModelLoadTime(), digits, "LoadTime");
    alarm(digits.metricModelLatency(), digits, "ModelLatency");
    alarm(digits.metricFailures(), digits, "Failures");

    IMonitoredEndpoint endpoint = digits;
    alarm(endpoint.metricInvocations(), digits, "Invocations");
    alarm(endpoint.metricErrors(), digits, "Errors");
    alarm(endpoint.metricLatency(), digits, "Latency");
    ModelAlarms.Builder.create(stack, "Alarms").endpoint(endpoint).maxLatency(Duration.millis(200)).build();
    ModelDashboard.Builder.create(stack, "Dashboard").endpoints(List.of(endpoint)).build();
    ModelMonitor monitor = ModelMonitor.Builder.create(stack, "Monitor")
        .endpoint(endpoint)
        .captureBucket(Bucket.fromBucketName(stack, "Captured", "requests-of-the-laboratory"))
        .period(Duration.hours(12))
        .build();
    monitor.onDrift("Drifted", OnEventOptions.builder().description("Requests have drifted").build());
    alarm(monitor.metricDriftedFeatures(), monitor, "DriftedFeatures");
    alarm(monitor.metricStabilityIndex(), monitor, "StabilityIndex");
    alarm(monitor.metricDivergence(), monitor, "Divergence");
    alarm(monitor.metricComparedSamples(), monitor, "ComparedSamples");

    List<OptimizationStep> steps = List.of(Quantization.float16(), Quantization.fullInteger(),
        Pruning.magnitude(MagnitudePruningOptions.builder().sparsity(0.5).schedule(PruningSchedule.GRADUAL).build()));
    ModelFunction searched = ModelFunction.Builder.create(stack, "Searched")
        .model(ModelSource.fromAsset("digits/saved_model", ModelSourceOptions.builder().stateful(StatefulBehavior.RESET_PER_REQUEST).build()))
        .evaluation(data)
        .recipe(OptimizationRecipe.search(OptimizationSearchOptions.builder()
            .objective(SearchObjective.SIZE).steps(steps).maxTrials(4).build()))
        .liteRtRuntime(LiteRtRuntime.NUMPY)
        .capture(RequestCapture.sampled(RequestCaptureOptions.builder().rate(0.25).retention(Duration.days(30)).build()))
        .replay(ReplayOptions.builder().maxDisagreement(0.05).build())
        .rollout(Rollout.linear(LinearRolloutOptions.builder()
            .percent(20)
            .interval(Duration.minutes(2))
            .maxErrorRate(0.05)
            .build()))
        .bundling(PythonBundling.LOCAL)
        .build();
    alarm(searched.metricDroppedCaptures(), searched, "DroppedCaptures");
    new ModelDashboard(stack, "Searching").addEndpoint(searched);
    apis(stack, List.of(digits, searched), caller);
  }

  /** One API of each type in front of all functions. */
  private static void apis(final Stack stack, final List<ModelFunction> models, final IPrincipal caller) {
    ModelApi signed = ModelApi.Builder.create(stack, "Api")
        .models(models)
        .apiType(ModelApiType.HTTP)
        .apiName("models-of-the-laboratory")
        .authorizationType(ModelApiAuthorizationType.IAM)
        .cors(CorsOptions.builder().allowedOrigins(List.of("https://www.example.com")).allowedHeaders(List.of("content-type", "authorization"))
            .maxAge(Duration.hours(1)).build())
        .throttle(ThrottleSettings.builder().rateLimit(100).burstLimit(50).build())
        .logGroup(LogGroup.fromLogGroupName(stack, "AccessLog", "access-of-the-laboratory"))
        .build();
    Role apiCaller = Role.Builder.create(stack, "ApiCaller").assumedBy(caller).build();
    signed.grantInvoke(apiCaller);
    signed.getGrants().invoke(apiCaller);
    stack.addMetadata("Api", List.of(signed.getUrl(), signed.getHttpApi().getApiId(), signed.getLogGroup().getLogGroupName()));
    ModelApi keyed = ModelApi.Builder.create(stack, "KeyedApi")
        .models(models)
        .apiType(ModelApiType.REST)
        .authorizationType(ModelApiAuthorizationType.NONE)
        .apiKeyRequired(true)
        .usagePlan(UsagePlanProps.builder()
            .throttle(ThrottleSettings.builder().rateLimit(10).burstLimit(20).build())
            .quota(QuotaSettings.builder().limit(10_000).period(Period.DAY).build())
            .build())
        .build();
    IApiKey shop = keyed.addApiKey("Shop", ApiKeyOptions.builder().apiKeyName("shop").build());
    stack.addMetadata("KeyedApi", List.of(keyed.getUrl(), keyed.getRestApi().getRestApiId(), keyed.getUsagePlan().getUsagePlanId(),
        keyed.getApiKey().getKeyId(), shop.getKeyId()));
  }

  /** Constructs that optimize and publish, for both formats. */
  private static void publisher(final Stack stack, final Stack images, final IGrantable caller) {
    IBucket bucket = Bucket.fromBucketName(stack, "Bucket", "models-of-the-laboratory");
    IKey signingKey = Key.fromKeyArn(stack, "SigningKey", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    ModelOptimizer shared = ModelOptimizer.Builder.create(stack, "Shared")
        .model(ModelSource.fromAsset("digits/saved_model", ModelSourceOptions.builder().stateful(StatefulBehavior.REFUSE).allowedOperations(List.of("ReadFile")).build()))
        .format(ModelFormat.LITERT)
        .recipe(OptimizationRecipe.forLiteRt())
        .pointerParameterName("/models/shared")
        .onRefusal(RefusalBehavior.KEEP_PREVIOUS)
        .attempt(2)
        .signingKey(signingKey)
        .unsignedVersions(UnsignedVersions.SIGN)
        .retention(ArtifactRetention.builder().versions(10).age(Duration.days(90)).build())
        .build();
    shared.grantStartBuild(caller);
    shared.grantRead(caller);
    shared.getGrants().startBuild(caller);
    shared.getGrants().read(caller);
    alarm(shared.metricFailedBuilds(), shared, "Failed");
    alarm(shared.metricRefused(), shared, "Refused");
    shared.onPublished("Publication", OnEventOptions.builder().description("A version was published").build());
    shared.onRefused("Refusal", OnEventOptions.builder().description("A model was refused").build());
    shared.onPruned("Removal", OnEventOptions.builder().description("Old versions were removed").build());
    alarm(shared.getPruningFunction().metricErrors(), shared, "Pruning");
    shared.onEvent("Event");
    alarm(shared.metricBuildDuration(), shared, "Duration");

    ModelOptimizer.Builder.create(stack, "Pruned")
        .model(ModelSource.fromBucket(bucket, "digits/", BucketModelSourceOptions.builder().revision("1").build()))
        .evaluation(EvaluationData.fromBucket(bucket, "digits.npz", BucketEvaluationDataOptions.builder().objectVersion("3").build()))
        .tasks(Map.of("digit", ModelTask.MULTICLASS, "odd", ModelTask.BINARY, "tags", ModelTask.MULTILABEL, "value", ModelTask.REGRESSION))
        .recipe(OptimizationRecipe.of(Pruning.magnitude(
            MagnitudePruningOptions.builder().sparsity(0.8).schedule(PruningSchedule.AT_ONCE).build())))
        .gate(QualityGate.minAgreement(0.98))
        .onRefusal(RefusalBehavior.FAIL)
        .signingKey(signingKey)
        .unsignedVersions(UnsignedVersions.REFUSE)
        .build();
    ModelOptimizer.Builder.create(stack, "Fast")
        .model(ModelSource.fromAsset("digits/saved_model"))
        .evaluation(EvaluationData.fromAsset("digits/evaluation.npz"))
        .recipe(OptimizationRecipe.search(OptimizationSearchOptions.builder().objective(SearchObjective.LATENCY).build()))
        .build();
    List<QuantizationRecovery> recoveries = List.of(QuantizationRecovery.WITHOUT_TRAINING, QuantizationRecovery.WITH_TRAINING);
    for (int index = 0; index < recoveries.size(); index++) {
      ModelOptimizer.Builder.create(stack, "Recovered" + index)
          .model(ModelSource.fromAsset("digits/saved_model"))
          .evaluation(EvaluationData.fromAsset("digits/evaluation.npz"))
          .recipe(OptimizationRecipe.of(Quantization.fullInteger(
              FullIntegerQuantizationOptions.builder().recover(recoveries.get(index)).build())))
          .build();
    }
    ModelOptimizer.Builder.create(stack, "Mixed")
        .model(ModelSource.fromAsset("digits/saved_model"))
        .evaluation(EvaluationData.fromAsset("digits/evaluation.npz"))
        .recipe(OptimizationRecipe.search(OptimizationSearchOptions.builder()
            .objective(SearchObjective.SIZE)
            .steps(List.of(
                Quantization.mixed(MixedQuantizationOptions.builder()
                    .allSupported(LayerQuantization.WEIGHT_ONLY_WI8_AFP32)
                    .fullyConnected(LayerQuantization.DYNAMIC_WI4B32_AFP32)
                    .depthwiseConv2D(LayerQuantization.NO_QUANTIZE)
                    .build()),
                Quantization.mixed(MixedQuantizationOptions.builder()
                    .allSupported(LayerQuantization.STATIC_WI8_AI8)
                    .fullyConnected(LayerQuantization.DYNAMIC_WI4B64_AFP32)
                    .build()),
                Quantization.mixed(MixedQuantizationOptions.builder()
                    .allSupported(LayerQuantization.DYNAMIC_WI8_AFP32)
                    .fullyConnected(LayerQuantization.DYNAMIC_WI4B128_AFP32)
                    .build())))
            .build()))
        .gate(QualityGate.allOf(
            QualityGate.maxLoss(QualityMetric.accuracy(), 0.01),
            QualityGate.maxLoss(QualityMetric.balancedAccuracy(), 0.02),
            QualityGate.maxLoss(QualityMetric.recall(ClassMetricOptions.builder().classIndex(1).build()), 0.03),
            QualityGate.maxLoss(QualityMetric.precision(), 0.03),
            QualityGate.maxLoss(QualityMetric.f1(), 0.03),
            QualityGate.maxLoss(QualityMetric.areaUnderRocCurve(), 0.01),
            QualityGate.maxLoss(QualityMetric.topK(2, QualityMetricOptions.builder().output("probabilities").build()), 0.01),
            QualityGate.maxLoss(QualityMetric.meanAbsoluteError(), 0.1),
            QualityGate.notWorseThanServing(NotWorseThanServingOptions.builder()
                .metric(QualityMetric.balancedAccuracy())
                .margin(0.01)
                .build())))
        .build();
    List<ImageInput> inputs = List.of(
        ImageInput.zeroTo255(),
        ImageInput.zeroToOne(ImageInputOptions.builder().input("image").resize(ResizeMethod.BILINEAR).build()),
        ImageInput.minusOneToOne(ImageInputOptions.builder().resize(ResizeMethod.NEAREST).build()),
        ImageInput.caffe(),
        ImageInput.torch(ImageInputOptions.builder().resize(ResizeMethod.BICUBIC).antialias(true).build()),
        ImageInput.linear(LinearImageInputOptions.builder().scale(List.of(0.5)).channelOrder(ChannelOrder.RGB).build()),
        ImageInput.linear(LinearImageInputOptions.builder()
            .scale(List.of(0.5, 0.25, 0.125))
            .offset(List.of(-1.5, 0.5, 1.5))
            .channelOrder(ChannelOrder.BGR)
            .build()));
    for (int index = 0; index < inputs.size(); index++) {
      ModelOptimizer.Builder.create(images, "Image" + index)
          .model(ModelSource.fromAsset("digits/saved_model"))
          .imageInput(inputs.get(index))
          .build();
    }
    ModelOptimizer.Builder.create(images, "Plain")
        .model(ModelSource.fromAsset("digits/saved_model"))
        .recipe(OptimizationRecipe.none())
        .gate(QualityGate.maxRelativeError(0.001))
        .build();
    List<Student> students = List.of(Student.ofSize(StudentSize.TINY), Student.ofSize(StudentSize.SMALL),
        Student.ofSize(StudentSize.MEDIUM), Student.fromAsset("digits/saved_model"));
    for (int index = 0; index < students.size(); index++) {
      ModelOptimizer.Builder.create(stack, "Distilled" + index)
          .model(ModelSource.fromAsset("digits/saved_model"))
          .evaluation(EvaluationData.fromAsset("digits/evaluation.npz"))
          .recipe(OptimizationRecipe.of(Distillation.into(students.get(index),
              DistillationOptions.builder().temperature(2).epochs(10).build())))
          .build();
    }
    ModelOptimizer.Builder.create(stack, "Served")
        .model(ModelSource.fromAsset("digits/saved_model"))
        .format(ModelFormat.SAVED_MODEL)
        .recipe(OptimizationRecipe.forServing())
        .build();
  }

  /** The endpoint on Kubernetes, in a cluster that exists already. */
  private static void services(final Stack stack) {
    ICluster cluster = Cluster.fromClusterAttributes(stack, "Cluster", ClusterAttributes.builder()
        .clusterName("models")
        .clusterSecurityGroupId("sg-0123456789abcdef0")
        .kubectlProvider(KubectlProvider.fromKubectlProviderAttributes(stack, "Kubectl", KubectlProviderAttributes.builder()
            .serviceToken(stack.formatArn(ArnComponents.builder().service("lambda").resource("function:kubectl").build()))
            .build()))
        .build());
    ModelService mounted = ModelService.Builder.create(stack, "Mounted")
        .cluster(cluster)
        .containerInsights(true)
        .model(ModelSource.fromAsset("digits/saved_model"))
        .recipe(OptimizationRecipe.of(Graph.freeze()))
        .modelStorage(ModelStorage.MOUNTPOINT)
        .podLabels(Map.of("tier", "serving"))
        .podAnnotations(Map.of("karpenter.sh/do-not-disrupt", "true"))
        .extraContainers(List.of(Map.of("name", "agent", "image", "agent:1",
            "volumeMounts", List.of(Map.of("name", "spool", "mountPath", "/spool")))))
        .extraVolumes(List.of(Map.of("name", "spool", "emptyDir", Map.of())))
        .servingImage(ServingImage.fromRegistry("tensorflow/serving:2.20.0"))
        .replicas(2)
        .environment(Map.of("TF_ENABLE_ONEDNN_OPTS", "0", "TF_CPP_MIN_LOG_LEVEL", "1"))
        .internalLoadBalancer(true)
        .loadBalancerSourceRanges(List.of("10.0.0.0/16"))
        .minReadyTime(Duration.minutes(2))
        .removalPolicy(RemovalPolicy.RETAIN)
        .adoptExisting(true)
        .build();
    ModelAlarms.Builder.create(stack, "MountedAlarms").endpoint(mounted).maxRestarts(2).build();
    new ModelDashboard(stack, "MountedDashboard").addEndpoint(mounted);
    alarm(mounted.metricCpuUtilization(), mounted, "CpuUtilization");
    alarm(mounted.metricMemoryUtilization(), mounted, "MemoryUtilization");
    alarm(mounted.metricRestarts(), mounted, "Restarts");
    alarm(mounted.metricRunningPods(), mounted, "RunningPods");
    mounted.getConnections().allowDefaultPortFrom(Peer.ipv4("10.0.0.0/16"));
    mounted.onLive("Live");
    mounted.onRolledBack("RolledBack");

    ModelService.Builder.create(stack, "Copied")
        .cluster(cluster)
        .model(ModelSource.fromAsset("digits/saved_model"))
        .recipe(OptimizationRecipe.of(Graph.strip()))
        .modelStorage(ModelStorage.COPY)
        .servingImage(ServingImage.fromEcrRepository(Repository.fromRepositoryName(stack, "Repository", "serving"), "2.20.0"))
        .maxReplicas(6)
        .rollout(Rollout.allAtOnce())
        .batching(true)
        .build();
    ModelService bundled = ModelService.Builder.create(stack, "Bundled")
        .cluster(cluster)
        .model(ModelSource.fromArtifact(mounted.getArtifact()))
        .servingImage(ServingImage.fromAsset("serving", ServingImageAssetOptions.builder().file("Dockerfile").build()))
        .applyManifests(false)
        .build();
    bundled.toYaml();
    ModelService.Builder.create(stack, "Encrypted")
        .cluster(cluster)
        .model(ModelSource.fromAsset("digits/saved_model"))
        .server(ModelServer.LITERT)
        .serverCertificate(ServerCertificate.fromKubernetesSecret("digits-tls"))
        .explorer(true)
        .cors(CorsOptions.builder().allowedOrigins(List.of("https://www.example.com")).allowedHeaders(List.of("content-type", "x-request-id"))
            .maxAge(Duration.hours(1)).build())
        .build();
    IModelEndpoint endpoint = bundled;
    stack.addMetadata("Bundled", endpoint.getModelName());
    stack.addMetadata("InjectionIds", List.of(ModelAlarms.PROPERTY_INJECTION_ID, ModelApi.PROPERTY_INJECTION_ID, ModelDashboard.PROPERTY_INJECTION_ID, ModelDelivery.PROPERTY_INJECTION_ID,
        ModelFleet.PROPERTY_INJECTION_ID, ModelFunction.PROPERTY_INJECTION_ID, ModelMonitor.PROPERTY_INJECTION_ID,
        ModelOptimizer.PROPERTY_INJECTION_ID, ModelService.PROPERTY_INJECTION_ID, RuntimeLayer.PROPERTY_INJECTION_ID));
  }

  /** The endpoint on virtual machines. */
  private static void fleets(final Stack stack) {
    IVpc vpc = Vpc.fromVpcAttributes(stack, "Vpc", VpcAttributes.builder()
        .vpcId("vpc-0123456789abcdef0")
        .vpcCidrBlock("10.0.0.0/16")
        .availabilityZones(List.of("eu-central-1a", "eu-central-1b"))
        .privateSubnetIds(List.of("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"))
        .privateSubnetRouteTableIds(List.of("rtb-0123456789abcdef0", "rtb-0123456789abcdef1"))
        .build());
    IMachineImage machineImage = MachineImage.latestAmazonLinux2023();
    ModelFleet taken = ModelFleet.Builder.create(stack, "Taken")
        .vpc(vpc)
        .machineImage(machineImage)
        .model(ModelSource.fromAsset("digits/saved_model"))
        .recipe(OptimizationRecipe.of(Quantization.bfloat16()))
        .evaluation(EvaluationData.fromAsset("digits/evaluation.npz"))
        .servingBinary(ServingBinary.fromImage(ServingImage.fromRegistry("tensorflow/serving:2.20.0")))
        .missingCpuFeatures(MissingCpuFeatures.REFUSE)
        .embeddedMetrics(true)
        .rollout(Rollout.canary(CanaryRolloutOptions.builder()
            .percent(10)
            .bake(Duration.minutes(10))
            .maxErrorRate(0.02)
            .alarms(List.of(CfnAlarm.fromAlarmArn(stack, "Orders", ORDERS_ARN)))
            .build()))
        .certificate(CfnCertificate.fromCertificateId(stack, "LoadBalancerCertificate", CERTIFICATE_ARN))
        .volumeEncryptionKey(CfnKey.fromKeyArn(stack, "VolumeKey", VOLUME_KEY_ARN))
        .build();
    stack.addMetadata("Canary", taken.getCanaryAutoScalingGroup().getAutoScalingGroupName());
    taken.getConnections().allowDefaultPortFrom(Peer.ipv4(vpc.getVpcCidrBlock()));
    taken.onLive("Live");
    taken.onRolledBack("RolledBack");
    alarm(taken.metricNewConnections(), taken, "Connections");
    alarm(taken.metricUnhealthyInstances(), taken, "Unhealthy");
    alarm(taken.metricHealthyInstances(), taken, "Healthy");
    alarm(taken.metricCpuUtilization(), taken, "Load");

    IBucket bucket = Bucket.fromBucketName(stack, "Bucket", "servers");
    ModelFleet.Builder.create(stack, "Brought")
        .vpc(vpc)
        .machineImage(machineImage)
        .model(ModelSource.fromArtifact(taken.getArtifact()))
        .servingBinary(ServingBinary.fromBucket(bucket, "tensorflow_model_server", "a".repeat(64)))
        .missingCpuFeatures(MissingCpuFeatures.DISABLE_ONEDNN)
        .build();
    ModelFleet.Builder.create(stack, "Uploaded")
        .vpc(vpc)
        .machineImage(machineImage)
        .model(ModelSource.fromArtifact(taken.getArtifact()))
        .server(ModelServer.TENSORFLOW_SERVING)
        .servingBinary(ServingBinary.fromAsset("serving/tensorflow_model_server"))
        .missingCpuFeatures(MissingCpuFeatures.DISABLE_ONEDNN)
        .build();
    ModelFleet captured = ModelFleet.Builder.create(stack, "LiteRt")
        .vpc(vpc)
        .machineImage(machineImage)
        .model(ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, "Published",
            ModelArtifactFromBucketOptions.builder().bucket(bucket).manifestKey("digits/litert/3/manifest.json").build())))
        .server(ModelServer.LITERT)
        .capture(RequestCapture.sampled(RequestCaptureOptions.builder().rate(0.01).retention(Duration.days(7)).build()))
        .embeddedMetrics(true)
        .serverCertificate(ServerCertificate.fromSecretsManager(Secret.fromSecretCompleteArn(stack, "Certificate",
            "arn:aws:secretsmanager:eu-central-1:111122223333:secret:digits/tls-a1b2c3")))
        .explorer(true)
        .cors(CorsOptions.builder().allowedOrigins(List.of("https://www.example.com")).allowedHeaders(List.of("content-type", "x-request-id"))
            .maxAge(Duration.hours(1)).build())
        .build();
    alarm(captured.metricDroppedCaptures(), captured, "DroppedCaptures");
  }

  /** Models that another stack published. */
  private static void importer(final Stack stack, final IGrantable caller) {
    IBucket bucket = Bucket.fromBucketName(stack, "Bucket", "models-of-another-stack");
    IModelArtifact pointed = ModelArtifact.fromParameter(stack, "Pointer",
        ModelArtifactFromParameterOptions.builder().bucket(bucket).parameterName("/models/shared").lease(true).build());
    pointed.grantRead(caller);
    ModelFunction.Builder.create(stack, "Shared")
        .model(ModelSource.fromArtifact(pointed))
        .liteRtRuntime(LiteRtRuntime.NATIVE)
        .capture(RequestCapture.sampled(RequestCaptureOptions.builder().rate(0.01).retention(Duration.days(7)).redact(List.of("image")).streamName("shared-requests").build()))
        .bundling(PythonBundling.LOCAL)
        .build();
    ModelFunction.Builder.create(stack, "Pinned")
        .model(ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, "Published",
            ModelArtifactFromBucketOptions.builder().bucket(bucket).manifestKey("digits/litert/3/manifest.json").lease(false).build())))
        .liteRtRuntime(LiteRtRuntime.NATIVE)
        .explorer(true)
        .bundling(PythonBundling.LOCAL)
        .build();
  }

  /** Runtime layers by themselves. Nothing of this stack is bundled, so that it needs no Docker here. */
  private static void layers(final Stack stack) {
    stack.getNode().setContext("aws:cdk:bundling-stacks", List.of());
    RuntimeLayer.forNative(stack, RuntimeLayerOptions.builder().bundling(PythonBundling.AUTO).build());
    RuntimeLayer.forNumpy(stack, PythonRuntimeLayerOptions.builder().bundling(PythonBundling.AUTO).build());
    RuntimeLayer.Builder.create(stack, "Docker")
        .liteRtRuntime(LiteRtRuntime.NUMPY)
        .bundling(PythonBundling.docker(PythonDockerOptions.builder().network("host").build()))
        .build();
  }

  /** Uploads that become live without a deployment. */
  private static void deliveries(final Stack stack, final Stack serving, final IGrantable caller) {
    ModelDelivery digits = ModelDelivery.Builder.create(stack, "Digits")
        .key("digits.zip")
        .stackNames(List.of("Delivered"))
        .parameterPrefix("/models/digits")
        .stateMachineName("digits")
        .pollInterval(Duration.seconds(30))
        .build();
    digits.grantUpload(caller);
    digits.grantDeliver(caller);
    digits.grantOperate(caller);
    digits.getGrants().upload(caller);
    digits.getGrants().deliver(caller);
    digits.getGrants().operate(caller);
    digits.onEvent("Event");
    digits.onDelivered("Live");
    digits.onFailed("Failure", OnEventOptions.builder().description("A model is not live").build());
    IDeliveredModel delivery = digits;
    ModelOptimizer.Builder.create(serving, "Digits")
        .model(ModelSource.fromDelivery(delivery, ModelSourceOptions.builder().signatureName("serving_default").build()))
        .build();
  }

  /** Metrics are in a template only where something watches them. */
  private static void alarm(final Metric metric, final Construct scope, final String name) {
    metric.createAlarm(scope, name + "Alarm", CreateAlarmOptions.builder().threshold(1).evaluationPeriods(1).build());
  }
}
