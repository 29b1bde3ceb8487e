/** The unit's name, on every instance. The boot script uses the same. */
export const SERVER_UNIT = 'tensorflow-serving.service';

/** The name of the unit that tells CloudWatch what the server counts. */
export const METRICS_UNIT = 'tensorflow-serving-metrics.service';

/** The name of the unit that sends what the server prints to CloudWatch Logs. */
export const SERVER_LOG_UNIT = 'tensorflow-serving-log.service';

/** The file system is read-only, nothing of the kernel can be touched, and no socket be opened but IP's and the local ones. */
const SANDBOX = `UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM`;

/** What the unit starts. */
export interface SystemdUnitOptions {
  readonly modelName: string;
  readonly program: string;
  readonly arguments: string[];
  /** Directory of the model's versions. */
  readonly modelDirectory: string;
  /** Variables that the boot script decides. */
  readonly environmentFile: string;
  /** How long requests in flight may still take when the server is stopped. */
  readonly stopSeconds: number;
}

/**
 * The systemd unit that runs the server.
 *
 * For systemd 252, which Amazon Linux 2023 has. The server gets a user of its own that exists while it runs, sees the file system read-only,
 * and may open no socket but IP's and the local ones.
 */
export function renderSystemdUnit(options: SystemdUnitOptions): string {
  return `[Unit]
Description=TensorFlow Serving of the model ${options.modelName}
Wants=network-online.target
After=network-online.target
# It never gives up: the load balancer decides whether this instance is replaced.
StartLimitIntervalSec=0

[Service]
Type=exec
DynamicUser=yes
EnvironmentFile=-${options.environmentFile}
ExecStart=${[options.program, ...options.arguments].map(quote).join(' ')}
# TensorFlow Serving handles no signal: SIGTERM would cut off the requests in flight.
ExecStop=/usr/bin/sleep ${options.stopSeconds}
Restart=always
RestartSec=5
TimeoutStartSec=infinity
TimeoutStopSec=${options.stopSeconds + 30}
LimitNOFILE=65536
# The instance's credentials are not for the server.
IPAddressDeny=169.254.169.254 fd00:ec2::254
${SANDBOX}
ReadOnlyPaths=${options.modelDirectory}

[Install]
WantedBy=multi-user.target
`;
}

/** What a unit that tells CloudWatch of the server starts. */
export interface SenderUnitOptions {
  readonly program: string;
  /** Its settings' file. */
  readonly settings: string;
}

/** The systemd unit that sends the server's counters to CloudWatch, once a minute. */
export function renderMetricsUnit(options: SenderUnitOptions): string {
  return renderSenderUnit('Metrics of TensorFlow Serving to CloudWatch', options, 60);
}

/** The systemd unit that sends what the server prints to CloudWatch Logs, every ten seconds. It alone may read the journal. */
export function renderServerLogUnit(options: SenderUnitOptions): string {
  return renderSenderUnit('Log of TensorFlow Serving to CloudWatch', options, 10, `SupplementaryGroups=systemd-journal
StateDirectory=tensorflow-serving-log
`);
}

/** It is stopped after the server, whose last lines it sends; it gives way to the server in all else. */
function renderSenderUnit(description: string, { program, settings }: SenderUnitOptions, seconds: number, more = ''): string {
  return `[Unit]
Description=${description}
After=network.target
Before=${SERVER_UNIT}
StartLimitIntervalSec=0

[Service]
Type=exec
DynamicUser=yes
ExecStart=/usr/bin/python3 ${program} ${settings} ${seconds}
KillMode=mixed
TimeoutStopSec=30
Restart=always
RestartSec=30
Nice=19
IOSchedulingClass=idle
MemoryMax=256M
OOMScoreAdjust=1000
${more}${SANDBOX}

[Install]
WantedBy=multi-user.target
`;
}

/** One word of a command line. systemd expands percent signs and dollars, and splits at spaces. */
function quote(word: string): string {
  const escaped = word.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/%/g, '%%').replace(/\$(?!\{Token\[)/g, '$$$$');
  return /[\s"'\\;]/.test(word) ? `"${escaped}"` : escaped;
}
