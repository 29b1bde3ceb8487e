// Deployed by test_cdk_cli.py. Every stack is chosen, and changed between deployments, by context values.
const path = require('node:path');
const cdk = require('aws-cdk-lib');

const { aws_codebuild: codebuild, aws_ec2: ec2, aws_iam: iam, aws_lambda: lambda, aws_s3: s3, aws_s3_assets: assets, custom_resources: cr } = cdk;

const app = new cdk.App();
const context = (name) => app.node.tryGetContext(name);
const here = (name) => path.join(__dirname, name);

/** A build publishes a layer's archive; a custom resource starts it and waits; a function reads the layer through an alias. */
class ModelStack extends cdk.Stack {
  constructor(scope, id) {
    super(scope, id);
    const bucket = new s3.Bucket(this, 'Bucket', { versioned: true, removalPolicy: cdk.RemovalPolicy.DESTROY, autoDeleteObjects: true });
    const source = new assets.Asset(this, 'Source', { path: here('build') });
    const project = new codebuild.Project(this, 'Project', {
      source: codebuild.Source.s3({ bucket: source.bucket, path: source.s3ObjectKey }),
      environment: { buildImage: codebuild.LinuxBuildImage.STANDARD_7_0 },
      environmentVariables: { BUCKET: { value: bucket.bucketName } },
      buildSpec: codebuild.BuildSpec.fromObject({
        version: '0.2',
        phases: {
          install: { 'runtime-versions': { python: '3.13' }, 'commands': ['python -m pip --version', 'python --version'] },
          build: { commands: ['python make_layer.py layer.zip'] },
          post_build: { commands: ['echo "post_build: succeeding=$CODEBUILD_BUILD_SUCCEEDING"'] },
        },
        artifacts: { files: ['layer.zip'] },
      }),
      artifacts: codebuild.Artifacts.s3({ bucket, name: 'layer.zip', path: 'artifacts', includeBuildId: true, packageZip: false }),
    });
    bucket.grantReadWrite(project);

    const handler = (name) => {
      const made = providerFunction(name);
      bucket.grantRead(made);
      return made;
    };
    const providerFunction = (name) => new lambda.Function(this, name, {
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: `provider.${name}`,
      code: lambda.Code.fromAsset(here('provider')),
      timeout: cdk.Duration.minutes(1),
      initialPolicy: [new iam.PolicyStatement({ actions: ['codebuild:StartBuild', 'codebuild:BatchGetBuilds'], resources: [project.projectArn] })],
    });
    const provider = new cr.Provider(this, 'Provider', {
      onEventHandler: handler('on_event'),
      isCompleteHandler: handler('is_complete'),
      queryInterval: cdk.Duration.seconds(1),
      totalTimeout: cdk.Duration.minutes(5),
    });
    const model = new cdk.CustomResource(this, 'Model', {
      serviceToken: provider.serviceToken,
      properties: { Project: project.projectName, Bucket: bucket.bucketName, Answer: context('answer') ?? 'one', Fail: context('fail') ?? '' },
    });
    model.node.addDependency(project.role, bucket);

    const layer = new lambda.CfnLayerVersion(this, 'Layer', {
      content: { s3Bucket: bucket.bucketName, s3Key: model.getAttString('Key'), s3ObjectVersion: model.getAttString('ObjectVersion') },
    });
    const fn = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(here('function')),
      layers: [lambda.LayerVersion.fromLayerVersionArn(this, 'LayerReference', layer.ref)],
      timeout: cdk.Duration.seconds(10),
      currentVersionOptions: { description: cdk.Fn.select(7, cdk.Fn.split(':', layer.ref)), removalPolicy: cdk.RemovalPolicy.RETAIN },
    });
    const live = fn.addAlias('live');
    const url = live.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
    for (const [name, value] of Object.entries({ Url: url.url, FunctionName: fn.functionName, Bucket: bucket.bucketName, Project: project.projectName })) {
      new cdk.CfnOutput(this, `${name}Output`, { value }).overrideLogicalId(name);
    }
  }
}

/** A resource that the embedded AWS does not make, beside one that it does. */
class UnsupportedStack extends cdk.Stack {
  constructor(scope, id) {
    super(scope, id);
    new s3.Bucket(this, 'Bucket', { removalPolicy: cdk.RemovalPolicy.DESTROY });
    new ec2.CfnFlowLog(this, 'FlowLog', { resourceId: 'vpc-1', resourceType: 'VPC' });
  }
}

const stacks = { ModelStack, UnsupportedStack };
const name = context('stack');
new stacks[name](app, name);
