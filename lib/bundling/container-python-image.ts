import { createHash } from 'crypto';
import { join } from 'path';
import { AssetStaging, DockerImage, type DockerRunOptions } from 'aws-cdk-lib';
import { checkWheelTags, finishFiles } from './bundle-files';
import type { BundlePlan } from './bundle-plan';
import { COMPILE_ENVIRONMENT, compileArguments } from './bytecode';
import { hostPath } from './host-python-image';
import { checkSharedObjects } from './shared-objects';

/** Raised when the same plan makes other files than before. */
const BEHAVIOR_VERSION = 1;

/**
 * An image that lets the alpha package's command run in a container, and then brings its output into our shape.
 *
 * Files are chosen on the host, by the code that also serves bundling without Docker. Bytecode is compiled in a second
 * run of the container, which has the function's own Python.
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
