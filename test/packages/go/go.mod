module example.com/consumer

go 1.25.0

require (
	github.com/aws/aws-cdk-go/awscdk/v2 v2.263.0
	github.com/aws/jsii-runtime-go v1.140.0
	github.com/cdk-tensorflow/cdk-tensorflow-go/cdktensorflow v0.1.0
)

replace github.com/cdk-tensorflow/cdk-tensorflow-go/cdktensorflow => ./package
