package app;

import io.github.cdktensorflow.EvaluationData;
import io.github.cdktensorflow.LiteRtRuntime;
import io.github.cdktensorflow.ModelArtifact;
import io.github.cdktensorflow.ModelArtifactFromParameterOptions;
import io.github.cdktensorflow.ModelFormat;
import io.github.cdktensorflow.ModelFunction;
import io.github.cdktensorflow.ModelOptimizer;
import io.github.cdktensorflow.ModelSource;
import io.github.cdktensorflow.ModelSourceOptions;
import io.github.cdktensorflow.OptimizationRecipe;
import io.github.cdktensorflow.PythonBundling;
import io.github.cdktensorflow.QualityGate;
import io.github.cdktensorflow.Quantization;
import io.github.cdktensorflow.RuntimeLayer;
import io.github.cdktensorflow.RuntimeLayerOptions;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Size;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.iam.AccountRootPrincipal;
import software.amazon.awscdk.services.s3.Bucket;
import software.amazon.awscdk.services.s3.IBucket;

/** The consumer app in Java. */
public final class Main {
  private Main() {}

  public static void main(final String[] args) {
    App app = new App();

    Stack endpoints = new Stack(app, "Endpoints");
    ModelFunction digits = ModelFunction.Builder.create(endpoints, "Digits")
        .model(ModelSource.fromAsset("digits/saved_model", ModelSourceOptions.builder().signatureName("serving_default").build()))
        .evaluation(EvaluationData.fromAsset("digits/evaluation.npz"))
        .recipe(OptimizationRecipe.of(Quantization.dynamicRange()))
        .gate(QualityGate.allOf(QualityGate.maxAccuracyLoss(0.01), QualityGate.maxSize(Size.mebibytes(1))))
        .memorySize(Size.mebibytes(1024))
        .timeout(Duration.seconds(20))
        .bundling(PythonBundling.LOCAL)
        .build();
    digits.addFunctionUrl();
    digits.grantInvoke(new AccountRootPrincipal());
    RuntimeLayer.nano(endpoints, RuntimeLayerOptions.builder().bundling(PythonBundling.LOCAL).build());

    Stack publisher = new Stack(app, "Publisher");
    ModelOptimizer optimizer = ModelOptimizer.Builder.create(publisher, "Shared")
        .model(ModelSource.fromAsset("digits/saved_model"))
        .modelFormat(ModelFormat.LITERT)
        .recipe(OptimizationRecipe.forLambda())
        .pointerParameterName("/models/shared")
        .build();
    optimizer.grantStartBuild(new AccountRootPrincipal());

    Stack importer = new Stack(app, "Importer");
    IBucket bucket = Bucket.fromBucketName(importer, "Bucket", "models-of-another-stack");
    ModelFunction.Builder.create(importer, "Shared")
        .model(ModelSource.fromArtifact(ModelArtifact.fromParameter(importer, "Pointer",
            ModelArtifactFromParameterOptions.builder().bucket(bucket).parameterName("/models/shared").build())))
        .liteRtRuntime(LiteRtRuntime.NANO)
        .bundling(PythonBundling.LOCAL)
        .build();
    app.synth();
  }
}
