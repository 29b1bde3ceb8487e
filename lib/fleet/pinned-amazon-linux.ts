import { ContextProvider } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

/** Of the CDK's look-ups of SSM parameters. */
const PROVIDER = 'ssm';

/**
 * The newest Amazon Linux 2023 when the app is first synthesized, which cdk.context.json keeps under the same key as the CDK's own look-up.
 *
 * That one has a text instead of an image's id until the look-up is made, which the CDK's validation of templates refuses, also in tests.
 */
export class PinnedAmazonLinux implements ec2.IMachineImage {
  constructor(private readonly cpuType: ec2.AmazonLinuxCpuType) {}

  public getImage(scope: Construct): ec2.MachineImageConfig {
    const parameterName = ec2.AmazonLinux2023ImageSsmParameter.ssmParameterName({ cpuType: this.cpuType, kernel: ec2.AmazonLinux2023Kernel.CDK_LATEST });
    const { value } = ContextProvider.getValue(scope, { provider: PROVIDER, props: { parameterName }, dummyValue: 'ami-0123456789abcdef0', mustExist: true });
    return { imageId: value as string, osType: ec2.OperatingSystemType.LINUX, userData: ec2.UserData.forLinux() };
  }
}
