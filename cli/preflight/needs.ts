export const PATH_NAMES = ['function', 'service', 'fleet'] as const;
export type PathName = typeof PATH_NAMES[number];

export const SERVERS = ['tensorflow_serving', 'litert'] as const;
export type ServerName = typeof SERVERS[number];

/** CodeBuild's machine types, as the names of its quotas have them. */
export const BUILD_MACHINES = { small: 'Small', medium: 'Medium', large: 'Large', xlarge: 'XLarge', '2xlarge': '2XLarge' } as const;
export type BuildMachine = keyof typeof BUILD_MACHINES;

export const ARCHITECTURES = { x86_64: 'Linux', arm64: 'ARM' } as const;
export type ArchitectureName = keyof typeof ARCHITECTURES;

/** Maximum needs of the example's stack for a path. */
export interface PathNeeds {
  /** Virtual processors of EC2's standard families. */
  readonly processors: number;
  /** Elastic IP addresses, one for each NAT gateway. */
  readonly addresses: number;
  /** True if pods or the build pull TensorFlow Serving's image when that server serves. */
  readonly image: boolean;
}

export const PATH_NEEDS: Record<PathName, PathNeeds> = {
  function: { processors: 0, addresses: 0, image: false },
  // Three pods, and three more during a rollout, on nodes whose size Auto Mode chooses.
  service: { processors: 16, addresses: 1, image: true },
  // Two m7i.large, a third during an update, and a canary of two.
  fleet: { processors: 10, addresses: 0, image: true },
};

/** Needs of a deployment in its account. */
export interface Needs {
  /** Stacks that may exist already. */
  readonly stacks: readonly string[];
  /** Virtual processors of EC2's standard families. */
  readonly processors: number;
  /** Elastic IP addresses, one for each NAT gateway. */
  readonly addresses: number;
  /** True if pods or the build pull TensorFlow Serving's image. */
  readonly image: boolean;
  /** True if a cluster of EKS will be created. */
  readonly cluster?: boolean;
  /**
   * Names of the Availability Zones to use.
   *
   * @default the Region's first two, as in the example
   */
  readonly zones?: readonly string[];
  /** @default large, as for the constructs */
  readonly buildMachine?: BuildMachine;
  /** @default x86_64, as for the constructs */
  readonly architecture?: ArchitectureName;
}
