import { createHash } from 'crypto';
import { existsSync, mkdirSync } from 'fs';
import { join } from 'path';
import { AssetStaging, DockerImage, type DockerRunOptions, UnscopedValidationError } from 'aws-cdk-lib';
import { lit } from '../private/errors';
import { checkWheelTags, copySources, finishFiles } from './bundle-files';
import type { BundlePlan } from './bundle-plan';
import { compileBytecode } from './bytecode';
import { type Installer, runTool } from './host-tools';
import { installCommand, installEnvironment } from './install-command';
import { checkSharedObjects } from './shared-objects';

/** Increase when the same plan results in other files than before, so that no cached output is used. */
const BEHAVIOR_VERSION = 1;

/**
 * A DockerImage whose run() works on the host: it installs what the alpha package would install in a container.
 *
 * It ignores the command, which is written for the container, and uses only the paths of input and output.
 */
export class HostPythonImage extends DockerImage {
  constructor(private readonly plan: BundlePlan, private readonly installer: Installer, private readonly python: string | undefined) {
    // The image's hash is part of the asset's hash. Bytecode changes the output, the choice of installer does not.
    super('host-python', createHash('sha256').update(JSON.stringify({
      behavior: BEHAVIOR_VERSION,
      ...plan,
      architecture: plan.architecture.name,
      bytecode: plan.modules && python !== undefined,
    })).digest('hex'));
  }

  public override run(options: DockerRunOptions = {}): void {
    const input = hostPath(options, AssetStaging.BUNDLING_INPUT_DIR);
    const output = hostPath(options, AssetStaging.BUNDLING_OUTPUT_DIR);
    const packages = join(output, this.plan.outputSuffix);
    mkdirSync(packages, { recursive: true });
    copySources(input, packages);
    const requirements = join(input, 'requirements.txt');
    if (existsSync(requirements)) {
      const command = installCommand(this.installer, this.plan, requirements, packages, this.python);
      runTool(command, { environment: installEnvironment(this.installer) });
      checkWheelTags(packages, this.plan);
    }
    finishFiles(output, this.plan);
    checkSharedObjects(output, this.plan);
    if (this.plan.modules && this.python) {
      compileBytecode(this.python, output, this.plan);
    }
  }
}

/** Returns the host directory that is mounted at a path in the container. */
export function hostPath(options: DockerRunOptions, containerPath: string): string {
  const volume = options.volumes?.find((candidate) => candidate.containerPath === containerPath);
  if (!volume) {
    throw new UnscopedValidationError(lit`BundlingVolumeMissing`, `bundling was started without a volume for ${containerPath}: only bind mounts are supported`);
  }
  return volume.hostPath;
}
