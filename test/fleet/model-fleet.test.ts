import { spawnSync } from 'child_process';
import { createHash } from 'crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { basename, join } from 'path';
import { Duration, Lazy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { ModelFleetProps } from '../../lib';
import { ModelAlarms, ModelDashboard, ModelSource, OptimizationRecipe, Quantization, Rollout } from '../../lib';
import { MissingCpuFeatures } from '../../lib/fleet/model-fleet-props';
import { METRICS_UNIT, renderMetricsUnit, renderServerLogUnit, renderSystemdUnit, SERVER_LOG_UNIT, SERVER_UNIT } from '../../lib/fleet/systemd-unit';
import { bootSettings, fileOf, fleet, properties, userData } from './fixtures';

describe('ModelFleet', () => {
  test('rolls instances one by one, with a minimum in service, each by its own signal, and waits for routes, listeners and grants', () => {
    const [group] = Object.values(Template.fromStack(fleet().stack).findResources('AWS::AutoScaling::AutoScalingGroup'));

    expect(group.Properties).toMatchObject({ MinSize: '2', MaxSize: '4', HealthCheckType: 'ELB', HealthCheckGracePeriod: 900 });
    expect(group.CreationPolicy).toEqual({ ResourceSignal: { Count: 2, Timeout: 'PT15M' } });
    expect(group.UpdatePolicy.AutoScalingRollingUpdate).toMatchObject({
      MinInstancesInService: 2, MaxBatchSize: 1, MinSuccessfulInstancesPercent: 100, WaitOnResourceSignals: true, PauseTime: 'PT15M',
    });
    expect(group.DependsOn).toEqual(expect.arrayContaining([
      expect.stringMatching(/^DigitsRoleDefaultPolicy/), expect.stringMatching(/^DigitsNetworkLoadBalancerRest/), expect.stringMatching(/DefaultRoute/),
    ]));
  });

  test('instances have IMDSv2, an encrypted gp3 disk, no SSH key, and only the load balancer reaches their two ports', () => {
    const template = Template.fromStack(fleet().stack);
    const [launch] = Object.values(template.findResources('AWS::EC2::LaunchTemplate'));
    const ingress = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')).map(({ Properties }) => Properties.FromPort);

    expect(launch.Properties.LaunchTemplateData).toMatchObject({
      InstanceType: 'm7i.large', MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 }, BlockDeviceMappings: [{ Ebs: { Encrypted: true, VolumeType: 'gp3', VolumeSize: 20 } }],
    });
    expect(launch.Properties.LaunchTemplateData.KeyName).toBeUndefined();
    expect(ingress.sort()).toEqual([8500, 8501]);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internal', Type: 'network' });
  });

  test('instances reach other addresses by HTTPS only, and the load balancer the instances\' two ports only', () => {
    const { stack } = fleet();
    const groups = properties(stack, 'AWS::EC2::SecurityGroup').map(({ GroupDescription, SecurityGroupEgress }) => [GroupDescription, SecurityGroupEgress]);

    expect(groups).toEqual([
      ['Load balancer of the model digits', undefined],
      ['Instances of the model digits', [expect.objectContaining({ CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: 443, ToPort: 443 })]],
    ]);
    expect(properties(stack, 'AWS::EC2::SecurityGroupEgress').map(({ FromPort, ToPort }) => [FromPort, ToPort])).toEqual([[8500, 8500], [8501, 8501]]);
  });

  test('the load balancer uses instances of all zones, and ends connections that outlive an instance', () => {
    const { stack } = fleet();

    expect(properties(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer')[0].LoadBalancerAttributes)
      .toContainEqual({ Key: 'load_balancing.cross_zone.enabled', Value: 'true' });
    const attributes = properties(stack, 'AWS::ElasticLoadBalancingV2::TargetGroup').map(({ TargetGroupAttributes }) => TargetGroupAttributes);
    expect(attributes).toEqual(Array(2).fill(expect.arrayContaining([{ Key: 'deregistration_delay.connection_termination.enabled', Value: 'true' }])));
    expect(properties(stack, 'AWS::AutoScaling::AutoScalingGroup')[0].MetricsCollection).toEqual([{ Granularity: '1Minute' }]);
  });

  test('all problems are reported together', () => {
    expect(() => fleet({
      instanceType: new ec2.InstanceType('m7g.large'), minCapacity: 3, maxCapacity: 3, bootTimeout: Duration.minutes(1), grpcPort: 80,
    })).toThrow(/(?=[^]*instanceType must be of x86_64)(?=[^]*maxCapacity must be more)(?=[^]*bootTimeout in seconds)(?=[^]*grpcPort)/);
  });

  test.each<[string, Partial<ModelFleetProps>, RegExp]>([
    ['more in service than an update leaves', { maxCapacity: 4, minInstancesInService: 4 }, /maxCapacity must be more than minInstancesInService, got 4 and 4/],
    ['fewer in service than the minimum', { minCapacity: 3, minInstancesInService: 2 }, /minInstancesInService must be minCapacity or more, got 2 and 3/],
    ['a minimum whose double nobody knows', { minCapacity: Lazy.number({ produce: () => 2 }) }, /maxCapacity is needed beside a minCapacity that is known only when/],
  ])('%s is a problem', (_, props, problem) => {
    expect(() => fleet(props)).toThrow(problem);
  });

  test('numbers that are known only when the stack is deployed pass', () => {
    const { stack } = fleet({ minCapacity: Lazy.number({ produce: () => 3 }), maxCapacity: Lazy.number({ produce: () => 5 }) });

    expect(properties(stack, 'AWS::AutoScaling::AutoScalingGroup')[0]).toMatchObject({ MinSize: '3', MaxSize: '5' });
  });

  test('a model in bfloat16 gets instances that compute with it, or a fleet that allows others', () => {
    const baked = { model: ModelSource.fromAsset('examples/digits/saved_model'), recipe: OptimizationRecipe.of(Quantization.bfloat16()) };
    const old = new ec2.InstanceType('m5.large');

    expect(() => fleet({ ...baked, instanceType: old })).toThrow(/instanceType "m5.large" has no bf16/);
    expect(() => fleet({ ...baked, instanceType: old, missingCpuFeatures: MissingCpuFeatures.DISABLE_ONEDNN })).not.toThrow();
    expect(() => fleet({ ...baked, instanceType: new ec2.InstanceType('c7a.xlarge') })).not.toThrow();
    expect(() => fleet(baked)).not.toThrow();
  });

  test('metrics without a source are errors that name the property to set, and an alternative', () => {
    const { digits } = fleet();

    expect(() => digits.metricInvocations()).toThrow(/give embeddedMetrics: true, or use metricNewConnections/);
    expect(() => digits.metricErrors()).toThrow(/embeddedMetrics/);
    expect(() => digits.metricLatency()).toThrow(/embeddedMetrics/);
    expect(digits.metricUnhealthyInstances().metricName).toBe('UnHealthyHostCount');
    expect(digits.metricHealthyInstances()).toMatchObject({ metricName: 'HealthyHostCount', statistic: 'Minimum' });
    expect(userData(fleet().stack)).not.toContain('metrics.py');
  });

  test('the utilization of processors is that of all instances except a canary\'s', () => {
    const { digits } = fleet({ rollout: Rollout.canary({ percent: 10, bake: Duration.minutes(5) }) });
    const metric = digits.metricCpuUtilization();

    expect(metric).toMatchObject({ namespace: 'AWS/EC2', metricName: 'CPUUtilization', statistic: 'Average' });
    expect(metric.dimensions).toEqual({ AutoScalingGroupName: digits.autoScalingGroup.autoScalingGroupName });
    expect(digits.metricCpuUtilization({ statistic: 'Maximum' }).statistic).toBe('Maximum');
  });

  test('embedded metrics are read under the names that the instances write', () => {
    const { stack, digits } = fleet({ embeddedMetrics: true });

    const script = userData(stack);
    expect(script).toContain('ExecStart=/usr/bin/python3 /usr/local/lib/model-server/metrics.py /etc/model-server/cloudwatch.json 60');
    expect(script).toContain('"url": "http://127.0.0.1:8501/monitoring/prometheus/metrics"');
    const metrics = [digits.metricInvocations(), digits.metricErrors(), digits.metricLatency()];
    expect(metrics.map(({ namespace, metricName, statistic }) => [namespace, metricName, statistic]))
      .toEqual([['CdkTensorFlow', 'Requests', 'Sum'], ['CdkTensorFlow', 'Errors', 'Sum'], ['CdkTensorFlow', 'Latency', 'Average']]);
    for (const { dimensions } of metrics) {
      expect(stack.resolve(dimensions)).toEqual({ FleetName: { 'Fn::Join': ['', [{ Ref: 'AWS::StackName' }, expect.stringMatching(/^\/DigitsGroup/)]] }, ModelName: 'digits' });
    }
  });

  test('the server\'s output stays on the instance by default', () => {
    const { stack } = fleet({ embeddedMetrics: true });

    expect(bootSettings(stack).senders).toEqual([METRICS_UNIT]);
    expect(userData(stack)).not.toContain(SERVER_LOG_UNIT);
    expect(bootSettings(fleet().stack)).toMatchObject({ senders: [], senderPrograms: [] });
  });

  test('on request a separate unit, with less priority than the server, sends the output to the log group', () => {
    const { stack } = fleet({ serverLogging: true });

    expect(bootSettings(stack).senders).toEqual([SERVER_LOG_UNIT]);
    expect(fileOf(stack, 'cloudwatch.json')).toContain('"logGroup": "token"');
    expect(fileOf(stack, 'cloudwatch.json')).not.toContain('"namespace"');
    const unit = fileOf(stack, SERVER_LOG_UNIT);
    for (const line of [
      'ExecStart=/usr/bin/python3 /usr/local/lib/model-server/server_log.py /etc/model-server/cloudwatch.json 10',
      'SupplementaryGroups=systemd-journal', 'Nice=19', 'OOMScoreAdjust=1000', 'Restart=always', `Before=${SERVER_UNIT}`,
    ]) {
      expect(unit.split('\n')).toContain(line);
    }
    expect(fileOf(stack, SERVER_UNIT)).not.toContain(SERVER_LOG_UNIT);
  });

  test('the programs that report to CloudWatch come from the assets\' bucket, with their SHA-256, and the instances may read them', () => {
    const { stack } = fleet({ embeddedMetrics: true, serverLogging: true });

    const { senderPrograms } = bootSettings(stack);
    expect(senderPrograms.map(({ path }: any) => path)).toEqual(
      ['cloudwatch.py', 'metrics.py', 'server_log.py'].map((file) => `/usr/local/lib/model-server/${file}`));
    const policies = JSON.stringify(properties(stack, 'AWS::IAM::Policy'));
    for (const { path, bucket, key, sha256 } of senderPrograms) {
      expect(bucket).toMatch(/^cdk-[a-z0-9]+-assets-/);
      expect(sha256).toBe(createHash('sha256').update(readFileSync(join(__dirname, '../../runtime/instance/src', basename(path)))).digest('hex'));
      expect(policies).toContain(key);
    }
  });

  test('instances may write to that log group, and to no other', () => {
    const { stack } = fleet({ serverLogging: true });

    const writes = properties(stack, 'AWS::IAM::Policy').filter(({ Roles }) => JSON.stringify(Roles).includes('DigitsRole')).flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .filter(({ Action }) => JSON.stringify(Action).includes('logs:'));
    expect(writes).toEqual([
      { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: { 'Fn::GetAtt': [expect.stringMatching(/^DigitsLogGroup/), 'Arn'] } },
    ]);
  });

  test('alarms and a dashboard take a fleet with embedded metrics', () => {
    const { stack, digits } = fleet({ embeddedMetrics: true });
    new ModelAlarms(stack, 'Alarms', { endpoint: digits, maxLatency: Duration.millis(50) });
    new ModelDashboard(stack, 'Dashboard', { endpoints: [digits] });

    Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', { Namespace: 'CdkTensorFlow', MetricName: 'Latency', Threshold: 50 });
    Template.fromStack(stack).resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  });

  test('no AWS call at boot can hang forever, and success is signalled before it is reported', () => {
    const script = userData(fleet().stack);

    const calls = script.split('\n').filter((line) => /(^|[( ])aws /.test(line) && !line.startsWith('#'));
    expect(calls).toEqual(['  timeout "$1" aws "${@:2}" --cli-connect-timeout 5 --cli-read-timeout 30']);
    expect(script).toContain('AWS_MAX_ATTEMPTS=3');
    expect(script.indexOf('signal SUCCESS\n')).toBeLessThan(script.indexOf('report SUCCESS\n'));
  });

  test('the user data is within EC2\'s limit and clean for shellcheck', () => {
    const script = userData(fleet({ embeddedMetrics: true, serverLogging: true }).stack);
    const checked = spawnSync(join(__dirname, '../../.tools/python/bin/shellcheck'), ['-'], { input: script, encoding: 'utf-8' });

    expect(script.length).toBeLessThan(14_000);
    expect(checked.stdout).toBe('');
    expect(checked.status).toBe(0);
  });
});

(spawnSync('systemd-analyze', ['--version']).status === 0 ? test : test.skip).each([
  // The server itself is not on this machine.
  [SERVER_UNIT, renderSystemdUnit({
    title: 'TensorFlow Serving', modelName: 'digits', program: '/bin/true', arguments: ['--port=8500'], modelDirectory: '/models/digits', environmentFile: '/etc/x',
    stop: { command: '/usr/bin/sleep 15', timeoutSeconds: 45 }, callsAws: false,
  })],
  [SERVER_UNIT, renderSystemdUnit({
    title: 'LiteRT server', modelName: 'digits', program: '/bin/true', arguments: ['--port=8500'], modelDirectory: '/models/digits', environmentFile: '/etc/x',
    stop: { timeoutSeconds: 75 }, callsAws: false,
  })],
  [SERVER_UNIT, renderSystemdUnit({
    title: 'LiteRT server', modelName: 'digits', program: '/bin/true', arguments: ['--capture_rate=1'], modelDirectory: '/models/digits', environmentFile: '/etc/x',
    stop: { timeoutSeconds: 75 }, callsAws: true,
  })],
  [METRICS_UNIT, renderMetricsUnit({ program: '/usr/local/lib/metrics.py', settings: '/etc/cloudwatch.json' })],
  [SERVER_LOG_UNIT, renderServerLogUnit({ program: '/usr/local/lib/server_log.py', settings: '/etc/cloudwatch.json' })],
])('%s is valid, and its exposure is 2.5 or better', (name, unit) => {
  const path = join(mkdtempSync(join(tmpdir(), 'unit-')), name);
  writeFileSync(path, unit);
  const verified = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf-8' });
  const security = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', path], { encoding: 'utf-8' });

  expect(unit).toContain('\nSystemCallErrorNumber=EPERM\n');
  // The senders need the instance's credentials; a server only to send captured requests.
  expect(unit.includes('\nIPAddressDeny=169.254.169.254 fd00:ec2::254\n')).toBe(name === SERVER_UNIT && !unit.includes('--capture_rate'));
  expect(verified.stdout + verified.stderr).toBe('');
  expect(verified.status).toBe(0);
  expect(Number(/Overall exposure level[^:]*: ([\d.]+)/.exec(security.stdout)![1])).toBeLessThanOrEqual(2.5);
});
