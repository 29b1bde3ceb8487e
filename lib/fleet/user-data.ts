import type { ServingSettings } from '../serving/serving-settings';
import { schemeOf } from '../serving/serving-settings';
import type { ServerCommandLine } from './fleet-server';
import { PROGRAMS } from './fleet-server';
import { METRICS_UNIT, renderMetricsUnit, renderServerLogUnit, renderSystemdUnit, SERVER_LOG_UNIT, SERVER_UNIT } from './systemd-unit';

const MODELS = '/models';
export const CONFIGURATION = '/etc/model-server';
const ENVIRONMENT_FILE = `${CONFIGURATION}/environment`;
const SENDER_SETTINGS = `${CONFIGURATION}/cloudwatch.json`;

/** EC2's limit. */
export const MAX_USER_DATA_BYTES = 16_384;

/** Settings for an instance. Strings may be tokens. */
export interface UserDataOptions {
  readonly modelName: string;
  readonly version: string;
  readonly bucketName: string;
  readonly manifestKey: string;
  readonly manifestSha256: string;
  readonly server: ServerCommandLine;
  readonly missingCpuFeatures: string;
  readonly serving: ServingSettings;
  /** Boot timeout, counted from the script's start; shorter than CloudFormation's, so that the reason is reported. */
  readonly timeoutSeconds: number;
  readonly region: string;
  readonly stackId: string;
  /** Logical id of the Auto Scaling group that receives the signals. */
  readonly groupLogicalId: string;
  readonly logGroupName: string;
  /** S3 URL of boot.py. */
  readonly bootUrl: string;
  readonly bootSha256: string;
  /** ARNs of the target groups to check, by protocol. */
  readonly targetGroupArns: Record<string, string>;
  /** Settings for sending counters to CloudWatch; undefined turns it off. */
  readonly metrics?: FleetMetricsOptions;
  /** Sends the server's output to CloudWatch Logs. */
  readonly serverLogging?: boolean;
  /** Programs for `metrics` and `serverLogging`. */
  readonly senderPrograms: ProgramLocation[];
}

export interface ProgramLocation {
  readonly file: string;
  readonly bucketName: string;
  readonly key: string;
  readonly sha256: string;
}

/** Settings for metrics.py. */
export interface FleetMetricsOptions {
  readonly namespace: string;
  /** Value of the dimension FleetName. */
  readonly fleetName: string;
}

/**
 * Renders the script for an instance's first start.
 *
 * It uses only bash, Python 3.9, the AWS CLI and systemd, which Amazon Linux 2023 includes. It can run again without changing a correct setup.
 */
export function renderUserData(options: UserDataOptions): string {
  const { modelName, server } = options;
  const modelDirectory = modelDirectoryOf(modelName);
  const files: Record<string, string | undefined> = {
    ...Object.fromEntries(Object.entries(server.configuration).map(([name, content]) => [`${CONFIGURATION}/${name}`, content])),
    [`${CONFIGURATION}/boot.json`]: renderSettings(options, modelDirectory),
    [`/etc/systemd/system/${SERVER_UNIT}`]: renderSystemdUnit({
      title: server.title,
      modelName,
      program: server.program,
      arguments: server.arguments,
      modelDirectory,
      environmentFile: ENVIRONMENT_FILE,
      stop: server.stop,
      callsAws: server.callsAws,
    }),
    ...senderFiles(options),
  };
  return [
    renderReporting(options),
    `mkdir -p ${CONFIGURATION} ${PROGRAMS}`,
    ...Object.entries(files).filter(([, content]) => content !== undefined).map(([path, content]) => renderFile(path, content!)),
    renderStart(options),
  ].join('\n');
}

/** Returns the directory of a model's versions. */
export function modelDirectoryOf(modelName: string): string {
  return `${MODELS}/${modelName}`;
}

/** Returns the enabled units for metrics and log. */
function senderUnits({ metrics, serverLogging }: UserDataOptions): Record<string, string> {
  const settings = SENDER_SETTINGS;
  return {
    ...metrics ? { [METRICS_UNIT]: renderMetricsUnit({ program: `${PROGRAMS}/metrics.py`, settings }) } : {},
    ...serverLogging ? { [SERVER_LOG_UNIT]: renderServerLogUnit({ program: `${PROGRAMS}/server_log.py`, settings }) } : {},
  };
}

function senderFiles(options: UserDataOptions): Record<string, string> {
  const units = Object.entries(senderUnits(options));
  const { restPort, monitoringPath } = options.serving;
  return units.length === 0 ? {} : {
    [SENDER_SETTINGS]: `${JSON.stringify({
      region: options.region,
      logGroup: options.logGroupName,
      ...options.metrics ? {
        url: `${schemeOf(options.serving)}://127.0.0.1:${restPort}${monitoringPath}`,
        model: options.modelName,
        namespace: options.metrics.namespace,
        fleet: options.metrics.fleetName,
      } : {},
    }, undefined, 1)}\n`,
    ...Object.fromEntries(units.map(([name, content]) => [`/etc/systemd/system/${name}`, content])),
  };
}

/** Retries, because routes, endpoints and policies may take effect after the instance starts. */
function renderStart({ bootUrl, bootSha256 }: UserDataOptions): string {
  return `
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  if bounded 40 s3 cp --only-show-errors '${bootUrl}' ${PROGRAMS}/boot.py 2> "$scratch/reason"; then
    break
  fi
  [ -s "$scratch/reason" ] || echo 'cannot read ${bootUrl}: no answer' > "$scratch/reason"
  [ "$attempt" -lt 10 ] && [ $((SECONDS + 2 * attempt)) -lt "$limit" ] || exit 1
  sleep $((2 * attempt))
done
echo '${bootSha256}  ${PROGRAMS}/boot.py' | sha256sum --check --quiet > "$scratch/reason" 2>&1
if /usr/bin/python3 ${PROGRAMS}/boot.py ${CONFIGURATION}/boot.json $((limit - SECONDS)) 2> "$scratch/reason"; then
  outcome=SUCCESS
fi
`;
}

function renderSettings(options: UserDataOptions, modelDirectory: string): string {
  return `${JSON.stringify({
    model: options.modelName,
    version: options.version,
    modelDirectory,
    bucket: options.bucketName,
    manifestKey: options.manifestKey,
    manifestSha256: options.manifestSha256,
    archiveKey: options.server.archive.key,
    archiveSha256: options.server.archive.sha256,
    format: options.server.format,
    serverFiles: options.server.files.map(({ path, bucket, key, sha256 }) => ({ path, bucket: bucket.bucketName, key, sha256 })),
    missingCpuFeatures: options.missingCpuFeatures,
    environmentFile: ENVIRONMENT_FILE,
    scheme: schemeOf(options.serving),
    restPort: options.serving.restPort,
    targetGroups: options.targetGroupArns,
    senders: Object.keys(senderUnits(options)),
    senderPrograms: options.senderPrograms.map(({ file, bucketName, key, sha256 }) => ({ path: `${PROGRAMS}/${file}`, bucket: bucketName, key, sha256 })),
  }, undefined, 1)}\n`;
}

/** Uses a quoted here-document, in which bash expands nothing. */
function renderFile(path: string, content: string): string {
  return `cat > ${path} <<'END_OF_FILE'\n${content}END_OF_FILE`;
}

/** Writes one line with the result and signals CloudFormation, however the script ends. */
function renderReporting(options: UserDataOptions): string {
  return `#!/bin/bash
# Brings the model ${options.modelName} to this instance and signals the outcome.
set -euo pipefail
export AWS_DEFAULT_REGION='${options.region}' AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=3
stack='${options.stackId}'
group='${options.groupLogicalId}'
log_group='${options.logGroupName}'
limit=${options.timeoutSeconds}
instance=$(cat /var/lib/cloud/data/instance-id)
scratch=$(mktemp -d -p /run)
outcome=FAILURE

# The AWS CLI, for so many seconds at the most: what does not answer must not keep the signal from CloudFormation.
bounded() {
  timeout "$1" aws "\${@:2}" --cli-connect-timeout 5 --cli-read-timeout 30
}

# To this instance's log and console, and to CloudWatch Logs, which outlives a replaced instance.
report() {
  echo "$instance: $1"
  LINE=$1 python3 -c 'import json, os, time
print(json.dumps([{"timestamp": int(time.time() * 1000), "message": os.environ["LINE"]}]))' > "$scratch/events.json" || return 0
  bounded 15 logs create-log-stream --log-group-name "$log_group" --log-stream-name "$instance" > /dev/null 2>&1 || true
  bounded 15 logs put-log-events --log-group-name "$log_group" --log-stream-name "$instance" \\
    --log-events "file://$scratch/events.json" > /dev/null || echo 'the line above did not reach CloudWatch Logs'
}

# CloudFormation takes signals while it creates or updates the group, and refuses them when the group scales out by itself.
# What there is to say of it is left to be reported.
signal() {
  local answer attempt
  for attempt in 1 2 3 4 5; do
    if answer=$(bounded 40 cloudformation signal-resource --stack-name "$stack" --logical-resource-id "$group" \\
      --unique-id "$instance" --status "$1" 2>&1); then
      return 0
    fi
    case $answer in
      *ValidationError*) unsent="signal $1 ignored, nothing waits for it: $answer"; return 0 ;;
    esac
    sleep "$attempt"
  done
  unsent="signal $1 not sent: \${answer:-no answer}"
}

# A server that answers is not kept waiting for its log. Why another does not is said first: CloudFormation may end this instance at once.
finish() {
  set +e
  local reason='' unsent=''
  if [ "$outcome" = SUCCESS ]; then
    signal SUCCESS
    report SUCCESS
  else
    reason=$(tail -n 1 "$scratch/reason" 2> /dev/null)
    report "FAILURE: \${reason:-the boot script failed, see /var/log/cloud-init-output.log}"
    signal FAILURE
  fi
  [ -z "$unsent" ] || report "$unsent"
  rm -rf "$scratch"
  [ "$outcome" = SUCCESS ] || exit 1
}
trap finish EXIT
`;
}
