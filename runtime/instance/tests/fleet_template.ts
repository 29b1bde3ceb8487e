import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { MissingCpuFeatures, ModelArtifact, ModelFleet, ModelSource, ServingBinary } from '../../../lib';

/** Prints the template of a fleet whose server and rules the test decides. */
const given = JSON.parse(process.argv[2]);
const stack = new Stack(new App(), 'Fleet', { env: { account: '123456789012', region: 'us-east-1' } });
const bucket = s3.Bucket.fromBucketName(stack, 'Models', given.bucket);
new ModelFleet(stack, 'Digits', {
  vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['us-east-1a'], privateSubnetIds: ['subnet-1'] }),
  model: ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Published', { bucket, manifestKey: given.manifestKey })),
  servingBinary: ServingBinary.fromBucket(bucket, given.serverKey, given.serverSha256),
  machineImage: ec2.MachineImage.genericLinux({ 'us-east-1': 'ami-1' }),
  connectionDraining: given.drainSeconds === undefined ? undefined : Duration.seconds(given.drainSeconds),
  embeddedMetrics: given.embeddedMetrics,
  serverLogging: given.serverLogging,
  missingCpuFeatures: given.missingCpuFeatures ?? MissingCpuFeatures.REFUSE,
});
process.stdout.write(JSON.stringify(Template.fromStack(stack).toJSON()));
