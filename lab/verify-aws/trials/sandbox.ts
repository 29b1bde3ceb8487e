import { readFileSync } from 'fs';
import { join } from 'path';
import type { App } from 'aws-cdk-lib';
import { CfnOutput, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { ExampleStackProps } from '../../../bin/example-stack-props';
import { exampleZones } from '../../../bin/zones';
import { EvaluationData, ModelFormat, ModelOptimizer, ModelSource } from '../../../lib';
import { renderSystemdUnit, SANDBOX } from '../../../lib/fleet/systemd-unit';
import { DEFAULT_SERVING_IMAGE } from '../../../lib/serving/serving-image';
import { eventually } from '../eventually';
import type { Tools } from './trial';

export const SANDBOX_STACK = 'VerifySandbox';
export const RESULT_KEY = 'verify-aws/sandbox.txt';

const MODELS = '/models/digits';
const PROGRAM = '/usr/local/bin/tensorflow_model_server';
/** Directory of the script and its inputs on the instance. */
const SCRIPTS = '/var/lib/verify-aws';
/** Each setting is tried for two minutes if the whole sandbox does not serve. */
const RESULT_SECONDS = 5400;

/** One instance in a public subnet, which tries TensorFlow Serving's own program under the unit of a fleet's instances. */
export function sandboxStack(app: App, props: ExampleStackProps): void {
  const stack = new SandboxStack(app, SANDBOX_STACK, { env: props.env });
  const optimizer = new ModelOptimizer(stack, 'Digits', {
    model: ModelSource.fromAsset(props.model), evaluation: props.evaluation ? EvaluationData.fromAsset(props.evaluation) : undefined,
    format: ModelFormat.SAVED_MODEL, serverImage: DEFAULT_SERVING_IMAGE,
  });
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0, subnetConfiguration: [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC }] });
  const unit = renderSystemdUnit({
    title: 'TensorFlow Serving', modelName: 'digits', program: PROGRAM, modelDirectory: MODELS, environmentFile: '/etc/model-server/environment',
    arguments: ['--port=8500', '--rest_api_port=8501', '--model_name=digits', `--model_base_path=${MODELS}`],
    stop: { timeoutSeconds: 30 }, callsAws: false,
  });
  const userData = ec2.UserData.forLinux();
  userData.addCommands(
    `mkdir -p ${MODELS} ${SCRIPTS}`,
    written(`${SCRIPTS}/unit`, unit), written(`${SCRIPTS}/settings`, SANDBOX), written(`${SCRIPTS}/sandbox.sh`, readFileSync(join(__dirname, 'sandbox.sh'), 'utf8')),
    `BUCKET=${optimizer.bucket.bucketName} MANIFEST_KEY=${optimizer.manifestKey} RESULT_KEY=${RESULT_KEY} PROGRAM=${PROGRAM} MODELS=${MODELS} `
    + `UNIT=${SCRIPTS}/unit SANDBOX=${SCRIPTS}/settings bash ${SCRIPTS}/sandbox.sh`,
  );
  const instance = new ec2.Instance(stack, 'Instance', {
    vpc, instanceType: ec2.InstanceType.of(ec2.InstanceClass.M7I, ec2.InstanceSize.LARGE), machineImage: ec2.MachineImage.latestAmazonLinux2023(),
    associatePublicIpAddress: true, requireImdsv2: true, userData,
  });
  optimizer.bucket.grantRead(instance);
  optimizer.bucket.grantPut(instance, RESULT_KEY);
  new CfnOutput(stack, 'ArtifactBucket', { value: optimizer.bucket.bucketName });
  new CfnOutput(stack, 'ManifestKey', { value: optimizer.manifestKey });
}

/** Says whether the program serves under the sandbox, and which of its settings is to blame if not. */
export async function sandbox({ account, checks }: Tools): Promise<void> {
  const { code, output } = await account.deploy(SANDBOX_STACK);
  if (!checks.expect("an instance for TensorFlow Serving's own program is deployed", code === 0, code === 0 ? '' : output.slice(-2000))) {
    return;
  }
  const { ArtifactBucket } = account.outputs(SANDBOX_STACK);
  const result = await eventually(RESULT_SECONDS, () => account.text(ArtifactBucket, RESULT_KEY).catch(() => undefined)).catch(() => 'no result');
  checks.expect('it serves under the sandbox of the unit', result.trim() === 'serves', result.trim());
}

/** Returns a command that writes a file, whatever is in it. */
function written(path: string, content: string): string {
  return `echo ${Buffer.from(content).toString('base64')} | base64 -d > ${path}`;
}

class SandboxStack extends Stack {
  public override get availabilityZones(): string[] {
    return exampleZones(this);
  }
}
