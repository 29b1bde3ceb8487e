export interface BuildSpecOptions {
  /** ARN of the report group for the quality gate's results. */
  readonly reportGroupArn: string;
  /** Python package index to use instead of the public one. */
  readonly packageIndexUrl?: string;
}

/** Environment variables that the handler sets for a build. */
export const BUILD_VARIABLES = ['ARTIFACT_BUCKET', 'MODEL_PREFIX', 'BUILD_KEY', 'SERVING_MANIFEST_KEY', 'SERVING_MANIFEST_SHA256'];

/** Absolute paths, because the optimizer starts processes in other directories. */
export const OPTIMIZER = 'PYTHONPATH="$CODEBUILD_SRC_DIR/optimizer/src:$CODEBUILD_SRC_DIR/runtime/shared/src" .venv/bin/python -m tensorflow_optimizer';

/**
 * The buildspec of an optimization, as data.
 *
 * The source contains optimizer, runtime/shared/src, runtime/handler/src and the native program, laid out as in the package. The build phase does
 * everything but upload; post_build, which CodeBuild also runs after a failed build phase, always uploads the report, and the model only after success:
 * `publish` reads CODEBUILD_BUILD_SUCCEEDING, and marks the version's record last of all.
 */
export function renderBuildSpec(options: BuildSpecOptions): Record<string, unknown> {
  return {
    version: '0.2',
    env: { shell: 'bash', variables: renderVariables(options.packageIndexUrl) },
    phases: {
      install: installPhase(),
      build: {
        commands: [
          'test -n "$BUILD_KEY" || { echo "BUILD_KEY must name the job to run; a deployment sets it" >&2; false; }',
          [
            'serving=()',
            'if [ -n "${SERVING_MANIFEST_KEY:-}" ]; then serving=(--serving-key "$SERVING_MANIFEST_KEY" --serving-sha256 "$SERVING_MANIFEST_SHA256"); fi',
            `${OPTIMIZER} fetch --bucket "$ARTIFACT_BUCKET" --config-key "$MODEL_PREFIX/keys/$BUILD_KEY/job.json" --directory work "\${serving[@]}"`,
          ].join('\n'),
          [
            'inputs=(--source work/source)',
            'if [ -d work/evaluation ]; then inputs+=(--evaluation work/evaluation); fi',
            'if [ -d work/serving ]; then inputs+=(--serving work/serving); fi',
            'for student in work/students/*/; do if [ -d "$student" ]; then inputs+=(--student "$student"); fi; done',
            `${OPTIMIZER} run --config work/job.json "\${inputs[@]}" --output out`,
          ].join('\n'),
        ],
      },
      post_build: {
        commands: [
          `${OPTIMIZER} publish --output out --config work/job.json --bucket "$ARTIFACT_BUCKET" --model-prefix "$MODEL_PREFIX" `
          + '--build-key "$BUILD_KEY" --build-id "${CODEBUILD_BUILD_ID#*:}"',
        ],
      },
    },
    reports: {
      [options.reportGroupArn]: { 'files': ['junit.xml'], 'base-directory': 'out/report', 'file-format': 'JUNITXML' },
    },
  };
}

/** Installs the optimizer's pinned requirements. */
export function installPhase(): Record<string, unknown> {
  return {
    'runtime-versions': { python: '3.13' },
    'commands': [
      'python3 -m pip install --quiet --target .uv --require-hashes --no-deps --only-binary :all: -r optimizer/uv-requirements.txt',
      '.uv/bin/uv venv --quiet --python "$(command -v python3)" .venv',
      '.uv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes --only-binary :all: optimizer/requirements.txt',
    ],
  };
}

/** Environment variables of every build with the optimizer. */
export function renderVariables(packageIndexUrl?: string): Record<string, string> {
  return {
    PYTHONUNBUFFERED: '1',
    // Use the image's interpreter; uv would otherwise download one.
    UV_PYTHON_DOWNLOADS: 'never',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    ...packageIndexUrl && { UV_DEFAULT_INDEX: packageIndexUrl, PIP_INDEX_URL: packageIndexUrl },
  };
}
