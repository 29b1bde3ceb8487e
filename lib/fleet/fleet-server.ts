import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { checkServerCapture, checkServerReplay } from '../endpoint/capture-checks';
import type { IModelArtifact } from '../model/published-model';
import { ModelFormat } from '../model/published-model';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import { checkLiteRtOptions } from '../serving/litert-checks';
import type { LiteRtCapture } from '../serving/litert-command';
import { liteRtArguments, liteRtDrainTimeout } from '../serving/litert-command';
import { checkLiteRtServer, liteRtServer } from '../serving/litert-server';
import { ModelServer } from '../serving/model-server';
import { instanceCertificateProblems } from '../serving/server-certificate';
import { CONFIG_FILES, SERVER_PROGRAM, serverArguments } from '../serving/server-command';
import { ServingBinary } from '../serving/serving-binary';
import { checkServingOptions } from '../serving/serving-checks';
import { batchingConfig, modelConfig, monitoringConfig } from '../serving/serving-configuration';
import type { ServingSettings } from '../serving/serving-settings';
import type { ServerImageProps, ServerRequirements, StoredBinary } from '../serving/stored-binary';
import { cpuFeaturesOf, processorOf } from './instance-type-rules';
import { MissingCpuFeatures } from './model-fleet-props';
import type { ModelFleetProps } from './model-fleet-props';

/** Directory of the programs that are this library's. */
export const PROGRAMS = '/usr/local/lib/model-server';

/** Seconds that systemd waits longer than the server needs. */
const STOP_MARGIN_SECONDS = 30;

/** A file of the server, which instances download. */
export interface ServerFile extends StoredBinary {
  readonly path: string;
}

/** Programs and files that an instance serves with. Strings may be tokens. */
export interface ServerCommandLine {
  /** In the words of a log. */
  readonly title: string;
  readonly program: string;
  readonly arguments: string[];
  /** Configuration by the names of files in the configuration directory. */
  readonly configuration: Record<string, string | undefined>;
  readonly files: ServerFile[];
  /** The archive with the model's files. */
  readonly archive: { readonly key: string; readonly sha256: string };
  readonly format: ModelFormat;
  /** Command that runs before SIGTERM, and how long the server may take to end. */
  readonly stop: { readonly command?: string; readonly timeoutSeconds: number };
  /** True if it calls AWS itself, with the instance's credentials. */
  readonly callsAws: boolean;
}

export interface ServerCommandLineOptions {
  readonly modelName: string;
  readonly artifact: IModelArtifact;
  readonly compatibility: ModelCompatibility;
  readonly serving: ServingSettings;
  /** Directory that contains the model's versions. */
  readonly modelDirectory: string;
  readonly configDirectory: string;
  /** Time that connections continue when the instance leaves the load balancer. */
  readonly drainSeconds: number;
  /** Maximum time for requests in flight when the server is stopped. */
  readonly stopSeconds: number;
  /** If undefined, nothing is captured. */
  readonly capture?: LiteRtCapture;
}

/** The server of a fleet: what it needs of the model, and how an instance runs it. */
export abstract class FleetServer {
  public static of(props: ModelFleetProps): FleetServer {
    return props.server === ModelServer.LITERT ? new LiteRtFleetServer(props) : new TensorFlowFleetServer(props);
  }

  public abstract readonly format: ModelFormat;
  public abstract readonly architecture: lambda.Architecture;
  public abstract readonly requirements: ServerRequirements;

  /** Processor features that the instances are known to have; undefined if they do not matter or are unknown. */
  public abstract readonly cpuFeatures: string[] | undefined;

  /** Returns all problems of the properties that depend on the server. */
  public abstract problems(): string[];

  /** Locates the image that the model's optimization extracts the server from. Called once. */
  public abstract image(scope: Construct): ServerImageProps;

  /** Uploads or locates the server's files, and returns its command line. Called once. */
  public abstract bind(scope: Construct, options: ServerCommandLineOptions): ServerCommandLine;
}

class TensorFlowFleetServer extends FleetServer {
  public readonly format = ModelFormat.SAVED_MODEL;
  public readonly architecture = lambda.Architecture.X86_64;
  public readonly requirements: ServerRequirements;
  private readonly binary: ServingBinary;

  constructor(private readonly props: ModelFleetProps) {
    super();
    this.binary = ServingBinary._of(props.servingBinary, props.model);
    this.requirements = this.binary._requirements;
  }

  public get cpuFeatures() {
    const { instanceType, missingCpuFeatures } = this.props;
    return missingCpuFeatures === MissingCpuFeatures.DISABLE_ONEDNN ? undefined : cpuFeaturesOf(instanceType);
  }

  public problems() {
    return [...checkServingOptions(this.props), ...this.binary._problems(), ...checkServerCapture(this.props, false), ...checkServerReplay(this.props, false)];
  }

  public image(scope: Construct) {
    return this.binary._image(scope);
  }

  public bind(scope: Construct, options: ServerCommandLineOptions): ServerCommandLine {
    const { modelName, artifact, compatibility, serving, modelDirectory, configDirectory, drainSeconds, stopSeconds } = options;
    const published = { bucket: artifact.bucket, key: compatibility.serverKey, sha256: compatibility.serverSha256 };
    return {
      title: 'TensorFlow Serving',
      program: SERVER_PROGRAM,
      arguments: serverArguments(serving, { configDirectory, drainSeconds }),
      configuration: {
        [CONFIG_FILES.model]: modelConfig({ modelName, basePath: modelDirectory, version: compatibility.version }),
        [CONFIG_FILES.batching]: batchingConfig(serving),
        [CONFIG_FILES.monitoring]: monitoringConfig(serving),
      },
      files: [{ path: SERVER_PROGRAM, ...this.binary._bind(scope, published) }],
      archive: { key: compatibility.archiveKey, sha256: compatibility.archiveSha256 },
      format: this.format,
      // It handles no signal: SIGTERM would cut off the requests in flight.
      stop: { command: `/usr/bin/sleep ${stopSeconds}`, timeoutSeconds: stopSeconds + STOP_MARGIN_SECONDS },
      callsAws: false,
    };
  }
}

class LiteRtFleetServer extends FleetServer {
  public readonly format = ModelFormat.LITERT;
  public readonly architecture: lambda.Architecture;
  public readonly requirements: ServerRequirements = { requiresServer: false, takesServerFromImage: false };
  public readonly cpuFeatures = undefined;

  constructor(private readonly props: ModelFleetProps) {
    super();
    this.architecture = processorOf(props.instanceType);
  }

  public problems() {
    const { servingBinary, missingCpuFeatures } = this.props;
    return [
      ...checkLiteRtOptions(this.props),
      ...checkLiteRtServer(this.architecture),
      ...instanceCertificateProblems(this.props.serverCertificate),
      ...checkServerCapture(this.props, true),
      ...checkServerReplay(this.props, true),
      ...servingBinary === undefined ? [] : ['servingBinary is the program of TensorFlow Serving, and ModelServer.LITERT brings its own: leave it out'],
      ...missingCpuFeatures === undefined ? []
        : ['missingCpuFeatures has no effect with ModelServer.LITERT, whose models need no processor feature: leave it out'],
    ];
  }

  public image() {
    return {};
  }

  public bind(scope: Construct, options: ServerCommandLineOptions): ServerCommandLine {
    const { modelName, compatibility, serving, modelDirectory, drainSeconds, stopSeconds, capture } = options;
    const { program, library } = liteRtServer(scope, this.architecture);
    const paths = { program: `${PROGRAMS}/model_server`, library: `${PROGRAMS}/libLiteRt.so` };
    return {
      title: 'LiteRT server',
      program: paths.program,
      arguments: liteRtArguments(serving, {
        modelName,
        basePath: modelDirectory,
        version: compatibility.version,
        checksumsSha256: compatibility.manifestSha256,
        library: paths.library,
        librarySha256: library.sha256,
        drainSeconds: stopSeconds,
        // A load balancer does not tell an instance that it takes it out, and cuts off the connections that are left.
        maxConnectionAgeSeconds: drainSeconds / 2,
        capture,
      }),
      configuration: {},
      files: [{ path: paths.program, ...program }, { path: paths.library, ...library }],
      archive: { key: compatibility.layerKey, sha256: compatibility.layerSha256 },
      format: this.format,
      stop: { timeoutSeconds: stopSeconds + liteRtDrainTimeout(serving) + STOP_MARGIN_SECONDS },
      callsAws: capture !== undefined || serving.certificate !== undefined,
    };
  }
}
