import { App, Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { ModelFleetProps } from '../../lib';
import { MissingCpuFeatures, ModelArtifact, ModelFleet, ModelServer, ModelSource, OptimizationRecipe, Quantization, ServingBinary } from '../../lib';
import { programDigest, withoutProgram } from '../serving/stand-in-programs';
import { bootSettings, env, properties, userData } from './fixtures';

const LIBRARY_DIGEST = '0'.repeat(64);
const SOURCE = ModelSource.fromAsset('examples/digits/saved_model');

jest.mock('../../lib/private/asset-paths', () => jest.requireActual('../serving/stand-in-programs').assetPaths);

/** A fleet with the LiteRT server, of a published model unless `props` has another, in a VPC of its own. Nothing is bundled. */
function litert(props: Partial<ModelFleetProps> = {}): Stack {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack', { env });
  const bucket = s3.Bucket.fromBucketName(stack, 'Models', 'models');
  new ModelFleet(stack, 'Digits', {
    vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }),
    model: ModelSource.fromArtifact(ModelArtifact.fromBucket(stack, 'Published', { bucket, manifestKey: 'digits-0123abcd/litert/7/manifest.json' })),
    server: ModelServer.LITERT,
    ...props,
  });
  return stack;
}

function offer(stack: Stack): any {
  return JSON.parse(properties(stack, 'Custom::TensorFlowModelCompatibility')[0].Offer);
}

function unit(stack: Stack): string {
  return userData(stack).split('/model-server.service <<\'END_OF_FILE\'\n')[1].split('END_OF_FILE')[0];
}

describe('ModelFleet with ModelServer.LITERT', () => {
  test('serves a LiteRT model with the program and library of this library, all by digest', () => {
    const stack = litert();

    const { serverFiles, format, archiveKey } = bootSettings(stack);
    expect(format).toBe('litert');
    expect(archiveKey).toBe('token');
    expect(serverFiles).toMatchObject([
      { path: '/usr/local/lib/model-server/model_server', sha256: programDigest('x86_64') },
      { path: '/usr/local/lib/model-server/libLiteRt.so', sha256: LIBRARY_DIGEST },
    ]);
    expect(unit(stack)).toContain('ExecStart=/usr/local/lib/model-server/model_server --port=8500 --rest_api_port=8501 ');
    for (const argument of [
      '--model_name=digits --model_base_path=/models/digits --model_version=token --checksums_sha256=digits/token=token',
      `--litert_library=/usr/local/lib/model-server/libLiteRt.so --litert_library_sha256=${LIBRARY_DIGEST}`,
    ]) {
      expect(unit(stack)).toContain(argument);
    }
    expect(userData(stack)).not.toMatch(/models\.config|tensorflow_model_server/);
  });

  test('requests a LiteRT artifact of the model, and nothing about a server or a processor\'s features', () => {
    expect(offer(litert())).toEqual({ endpoint: 'fleet', format: 'litert', architecture: 'x86_64' });
  });

  test('instances may read both files of the server and the model, and no other object', () => {
    const stack = litert();

    const statements = properties(stack, 'AWS::IAM::Policy').filter(({ Roles }) => JSON.stringify(Roles).includes('DigitsRole'))
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement).filter(({ Action }: any) => [Action].flat().includes('s3:GetObject'));
    const resources = statements.flatMap(({ Resource }: any) => [Resource].flat().map((resource) => JSON.stringify(resource)));
    const files = bootSettings(stack).serverFiles.map(({ key }: any) => key);
    for (const key of files) {
      expect(resources.filter((resource: string) => resource.includes(key))).toHaveLength(1);
    }
    // The third is the boot program.
    expect(resources.filter((resource: string) => resource.includes('assets'))).toHaveLength(files.length + 1);
    expect(resources.filter((resource: string) => resource.includes('*'))).toEqual([expect.stringContaining('models/digits-0123abcd/*')]);
  });

  test('two fleets of a stack share the server\'s files', () => {
    const stack = litert();
    const published = stack.node.findChild('Published');
    new ModelFleet(stack, 'Others', {
      vpc: stack.node.findChild('Vpc') as ec2.Vpc, model: ModelSource.fromArtifact(published as any), server: ModelServer.LITERT,
    });

    const [first, second] = properties(stack, 'AWS::EC2::LaunchTemplate').map(({ LaunchTemplateData }) => JSON.stringify(LaunchTemplateData));
    const key = bootSettings(stack).serverFiles[0].key;
    expect([first, second].map((text) => text.includes(key))).toEqual([true, true]);
  });

  test('ends connections before the load balancer cuts them, and answers accepted requests before it ends', () => {
    const command = unit(litert({ connectionDraining: Duration.seconds(20), requestTimeout: Duration.seconds(40) }));

    expect(command).toContain('--drain_delay_in_seconds=20 --drain_timeout_in_seconds=40');
    expect(command).toContain('--max_connection_age_in_seconds=10');
    expect(command).toContain('\nTimeoutStopSec=90\n');
    expect(command).not.toContain('ExecStop=');
    // The sandbox is the one of TensorFlow Serving.
    expect(command).toMatch(/\nDynamicUser=yes\n[^]*\nProtectSystem=strict\n/);
  });

  test.each([['m7i.large', 'x86_64', 'x86_64'], ['m8g.medium', 'arm64', 'arm64'], ['c7gn.xlarge', 'arm64', 'arm64']])(
    'the instance type %s decides processor, program and image: %s', (type, architecture, image) => {
      const stack = litert({ instanceType: new ec2.InstanceType(type) });

      expect(offer(stack).architecture).toBe(architecture);
      expect(bootSettings(stack).serverFiles[0].sha256).toBe(programDigest(architecture));
      const [{ LaunchTemplateData }] = properties(stack, 'AWS::EC2::LaunchTemplate');
      expect(LaunchTemplateData.InstanceType).toBe(type);
      const { missing } = (stack.node.root as App).synth().manifest;
      expect(JSON.stringify(missing)).toContain(`al2023-ami-kernel-6.1-${image}`);
    });

  test('its own optimization makes LiteRT on the serving processor, with the recipes of a function', () => {
    const stack = litert({ model: SOURCE, recipe: OptimizationRecipe.forLiteRt(), instanceType: new ec2.InstanceType('m8g.medium') });

    const [{ Job }] = properties(stack, 'Custom::TensorFlowModelBuild');
    expect(JSON.stringify(Job).replaceAll('\\', '')).toMatch(/(?=.*"format":"litert")(?=.*"kind":"forLiteRt")(?=.*"architecture":"arm64")/);
    expect(JSON.stringify(Job)).not.toContain('server');
    expect(properties(stack, 'AWS::CodeBuild::Project')[0].Environment).toMatchObject({ Type: 'ARM_CONTAINER' });
  });

  test('the server takes flags of its own', () => {
    expect(unit(litert({ serverFlags: { workers: 2, queue_size: 16 } }))).toMatch(/(?=.* --workers=2 )(?=.* --queue_size=16\n)/);
  });

  test.each<[string, Partial<ModelFleetProps>, RegExp]>([
    ['batching', { batching: true }, /batching is an option of TensorFlow Serving that ModelServer.LITERT lacks/],
    ['a warm-up', { modelWarmup: true }, /modelWarmup is an option of TensorFlow Serving/],
    ['another program', { servingBinary: ServingBinary.fromAsset('/bin/true') }, /servingBinary is the program of TensorFlow Serving, .* leave it out/],
    ['a rule for TensorFlow\'s processors', { missingCpuFeatures: MissingCpuFeatures.REFUSE }, /missingCpuFeatures has no effect with ModelServer.LITERT/],
    ['a recipe for TensorFlow Serving', { model: SOURCE, recipe: OptimizationRecipe.forServing() }, /served by LiteRT: use OptimizationRecipe.forLiteRt\(\)/],
    ['bfloat16', { model: SOURCE, recipe: OptimizationRecipe.of(Quantization.bfloat16()) }, /bfloat16/],
  ])('%s is a problem', (_, props, problem) => {
    expect(() => litert(props)).toThrow(problem);
  });

  test('TensorFlow Serving on arm64 is a problem that names this server', () => {
    expect(() => litert({ server: ModelServer.TENSORFLOW_SERVING, instanceType: new ec2.InstanceType('m8g.medium') }))
      .toThrow(/instanceType must be of x86_64, got "m8g.medium".*or serve with ModelServer.LITERT/);
  });

  test('a published SavedModel is a problem', () => {
    const stack = new Stack(new App(), 'Other', { env });
    const bucket = s3.Bucket.fromBucketName(stack, 'Models', 'models');
    const artifact = ModelArtifact.fromBucket(stack, 'Published', { bucket, manifestKey: 'digits-0123abcd/saved_model/7/manifest.json' });

    expect(() => new ModelFleet(stack, 'Digits', {
      vpc: new ec2.Vpc(stack, 'Vpc'), model: ModelSource.fromArtifact(artifact), server: ModelServer.LITERT,
    })).toThrow(/is published as saved_model, and litert is needed here/);
  });

  test('a copy of the library without the program is a problem that says how to get it', () => {
    withoutProgram('arm64', () => {
      expect(() => litert({ instanceType: new ec2.InstanceType('m8g.medium') })).toThrow(/no LiteRT server for arm64.*npm run native -- build --processor arm64/);
    });
  });
});
