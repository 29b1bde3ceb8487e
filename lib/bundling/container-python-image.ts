import { createHash } from 'crypto';
import { join } from 'path';
import { AssetStaging, DockerImage, type DockerRunOptions } from 'aws-cdk-lib';
import { checkWheelTags, finishFiles } from './bundle-files';
import type { BundlePlan } from './bundle-plan';
import { COMPILE_ENVIRONMENT, compileArguments } from './bytecode';
import { hostPath } from './host-python-image';
import { checkSharedObjects } from './shared-objects';

/** Increase when the same plan results in other files than before. */
const BEHAVIOR_VERSION = 1;

/**
 * Runs the alpha package's command in a container and normalizes its output.
 *
 * Files are selected on the host, by the same code as without Docker. Bytecode is compiled in a second container, with the function's own Python.
 */
export class ContainerPythonImage extends DockerImage {
  constructor(private readonly plan: BundlePlan, private readonly container: DockerImage) {
    super(container.image, createHash('sha256').update(JSON.stringify({
      behavior: BEHAVIOR_VERSION,
      ...plan,
      architecture: plan.architecture.name,
      container: container.toJSON(),
    })).digest('hex'));
  }

  public override run(options: DockerRunOptions = {}): void {
    const output = hostPath(options, AssetStaging.BUNDLING_OUTPUT_DIR);
    this.container.run(options);
    checkWheelTags(join(output, this.plan.outputSuffix), this.plan);
    finishFiles(output, this.plan);
    checkSharedObjects(output, this.plan);
    if (this.plan.modules) {
      this.container.run({
        ...options,
        environment: { ...options.environment, ...COMPILE_ENVIRONMENT },
        command: ['python', ...compileArguments(AssetStaging.BUNDLING_OUTPUT_DIR, this.plan)],
      });
    }
  }
}
