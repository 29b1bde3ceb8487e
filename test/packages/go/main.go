// The consumer app in Go.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdk-tensorflow/cdk-tensorflow-go/cdktensorflow"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)

	endpoints := awscdk.NewStack(app, jsii.String("Endpoints"), nil)
	digits := cdktensorflow.NewModelFunction(endpoints, jsii.String("Digits"), &cdktensorflow.ModelFunctionProps{
		Model: cdktensorflow.ModelSource_FromAsset(jsii.String("digits/saved_model"), &cdktensorflow.ModelSourceOptions{
			SignatureName: jsii.String("serving_default"),
		}),
		Evaluation: cdktensorflow.EvaluationData_FromAsset(jsii.String("digits/evaluation.npz")),
		Recipe:     cdktensorflow.OptimizationRecipe_Of(cdktensorflow.Quantization_DynamicRange()),
		Gate: cdktensorflow.QualityGate_AllOf(
			cdktensorflow.QualityGate_MaxAccuracyLoss(jsii.Number(0.01)),
			cdktensorflow.QualityGate_MaxSize(awscdk.Size_Mebibytes(jsii.Number(1))),
		),
		MemorySize: awscdk.Size_Mebibytes(jsii.Number(1024)),
		Timeout:    awscdk.Duration_Seconds(jsii.Number(20)),
		Bundling:   cdktensorflow.PythonBundling_LOCAL(),
	})
	digits.AddFunctionUrl(nil)
	digits.GrantInvoke(awsiam.NewAccountRootPrincipal())
	cdktensorflow.RuntimeLayer_Nano(endpoints, &cdktensorflow.RuntimeLayerOptions{Bundling: cdktensorflow.PythonBundling_LOCAL()})

	publisher := awscdk.NewStack(app, jsii.String("Publisher"), nil)
	optimizer := cdktensorflow.NewModelOptimizer(publisher, jsii.String("Shared"), &cdktensorflow.ModelOptimizerProps{
		Model:                cdktensorflow.ModelSource_FromAsset(jsii.String("digits/saved_model"), nil),
		ModelFormat:          cdktensorflow.ModelFormat_LITERT,
		Recipe:               cdktensorflow.OptimizationRecipe_ForLambda(),
		PointerParameterName: jsii.String("/models/shared"),
	})
	optimizer.GrantStartBuild(awsiam.NewAccountRootPrincipal())

	importer := awscdk.NewStack(app, jsii.String("Importer"), nil)
	bucket := awss3.Bucket_FromBucketName(importer, jsii.String("Bucket"), jsii.String("models-of-another-stack"))
	cdktensorflow.NewModelFunction(importer, jsii.String("Shared"), &cdktensorflow.ModelFunctionProps{
		Model: cdktensorflow.ModelSource_FromArtifact(cdktensorflow.ModelArtifact_FromParameter(importer, jsii.String("Pointer"),
			&cdktensorflow.ModelArtifactFromParameterOptions{Bucket: bucket, ParameterName: jsii.String("/models/shared")})),
		LiteRtRuntime: cdktensorflow.LiteRtRuntime_NANO,
		Bundling:      cdktensorflow.PythonBundling_LOCAL(),
	})
	app.Synth(nil)
}
