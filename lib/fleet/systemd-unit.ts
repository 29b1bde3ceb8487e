/** Name of the server's unit; the boot script uses the same name. */
export const SERVER_UNIT = 'model-server.service';

export const METRICS_UNIT = 'model-server-metrics.service';

export const SERVER_LOG_UNIT = 'model-server-log.service';

/** Read-only file system, no changes to the kernel, and only IP and local sockets. */
export const SANDBOX = `UMask=0077
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

export interface SystemdUnitOptions {
  /** Name of the server, in the words of a log. */
  readonly title: string;
  readonly modelName: string;
  readonly program: string;
  readonly arguments: string[];
  /** Directory that contains the model's versions. */
  readonly modelDirectory: string;
  /** File with variables that the boot script sets. */
  readonly environmentFile: string;
  /** Command that runs before SIGTERM, and how long the server may take to end. */
  readonly stop: { readonly command?: string; readonly timeoutSeconds: number };
  /** True if the server needs the instance's credentials. */
  readonly callsAws: boolean;
}

/**
 * Renders the server's systemd unit, for systemd 252 (Amazon Linux 2023).
 *
 * The server runs as a dynamic user, with a read-only file system, and can open only IP and local sockets.
 */
export function renderSystemdUnit(options: SystemdUnitOptions): string {
  return `[Unit]
Description=${options.title} of the model ${options.modelName}
Wants=network-online.target
After=network-online.target
# It never gives up: the load balancer decides whether this instance is replaced.
StartLimitIntervalSec=0

[Service]
Type=exec
DynamicUser=yes
EnvironmentFile=-${options.environmentFile}
ExecStart=${[options.program, ...options.arguments].map(quote).join(' ')}
${options.stop.command === undefined ? '' : `# It handles no signal: SIGTERM would cut off the requests in flight.
ExecStop=${options.stop.command}
`}Restart=always
RestartSec=5
TimeoutStartSec=infinity
TimeoutStopSec=${options.stop.timeoutSeconds}
LimitNOFILE=65536
${options.callsAws ? '' : `# The instance's credentials are not for the server.
IPAddressDeny=169.254.169.254 fd00:ec2::254
`}${SANDBOX}
ReadOnlyPaths=${options.modelDirectory}

[Install]
WantedBy=multi-user.target
`;
}

export interface SenderUnitOptions {
  readonly program: string;
  /** Path of the settings file. */
  readonly settings: string;
}

/** Renders the unit that sends the server's counters to CloudWatch once a minute. */
export function renderMetricsUnit(options: SenderUnitOptions): string {
  return renderSenderUnit('Metrics of the model server to CloudWatch', options, 60);
}

/** Renders the unit that sends the server's output to CloudWatch Logs every ten seconds. Only this unit can read the journal. */
export function renderServerLogUnit(options: SenderUnitOptions): string {
  return renderSenderUnit('Log of the model server to CloudWatch', options, 10, `SupplementaryGroups=systemd-journal
StateDirectory=model-server-log
`);
}

/** Stops after the server, to send its last output; otherwise the server has priority. */
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

/** Quotes one argument, because systemd expands percent and dollar signs and splits at spaces. */
function quote(word: string): string {
  const escaped = word.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/%/g, '%%').replace(/\$(?!\{Token\[)/g, '$$$$');
  return /[\s"'\\;]/.test(word) ? `"${escaped}"` : escaped;
}
