import { Tokenization } from 'aws-cdk-lib';
import type { ServingSettings } from '../serving/serving-settings';
import type { ServerContainer, ServerResources } from './server-container';
import type { ModelPrefix } from './storage-manifests';

/** Settings of a pod that both servers need. */
export interface PodServerOptions {
  readonly modelName: string;
  readonly serving: ServingSettings;
  /** Image in which the server runs. */
  readonly image: string;
  readonly version: string;
  readonly checksumsSha256: string;
  readonly model: ModelPrefix;
  /** Claim to mount; if undefined, `copyImage` copies the model. */
  readonly claimName?: string;
  readonly copyImage: string;
  readonly resources: ServerResources;
  readonly environment: { [name: string]: string };
  readonly readOnlyRootFilesystem: boolean;
  readonly startupSeconds: number;
  readonly drainSeconds: number;
  readonly cpuFeatures: string[];
}

/** The parts of a pod that depend on its server. */
export interface PodServer {
  /** Kubernetes' name of the processor. */
  readonly architecture: string;
  readonly annotations: Record<string, string>;
  readonly initContainers: Record<string, unknown>[];
  readonly container: ServerContainer;
  /** Besides those of the model and of /tmp. */
  readonly volumes: Record<string, unknown>[];
  readonly terminationGracePeriodSeconds: number;
  readonly shareProcessNamespace?: boolean;
}

/** Directory of the model's versions in a pod. */
export function modelDirectory(modelName: string): string {
  return `/models/${modelName}`;
}

/** Returns the volume of the model's versions. */
export function modelVolume(claimName: string | undefined): Record<string, unknown> {
  return { name: 'model', ...claimName === undefined ? { emptyDir: {} } : { persistentVolumeClaim: { claimName, readOnly: true } } };
}

/** Returns the annotations by which Prometheus finds the server's metrics. */
export function scrapeAnnotations(serving: ServingSettings): Record<string, string> {
  return serving.monitoringPath === undefined ? {} : {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': Tokenization.stringifyNumber(serving.restPort),
    'prometheus.io/path': serving.monitoringPath,
    ...serving.certificate === undefined ? {} : { 'prometheus.io/scheme': 'https' },
  };
}
