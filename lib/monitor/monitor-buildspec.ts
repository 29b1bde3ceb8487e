import { installPhase, OPTIMIZER, renderVariables } from '../optimization/build/buildspec';

export interface MonitorBuildSpecOptions {
  readonly packageIndexUrl?: string;
}

/** Environment variables of the project, for the commands below. */
export const MONITOR_VARIABLES = [
  'ARTIFACT_BUCKET', 'MANIFEST_KEY', 'MODEL_POINTER', 'CAPTURE_BUCKET', 'PERIOD_HOURS', 'MIN_SAMPLES', 'MIN_STABILITY_INDEX',
];

/** The key that an optimizer's SSM parameter points at. */
const POINTED = `.venv/bin/python -c 'import json, os; print(json.loads(os.environ["MODEL_POINTER"])["manifestKey"])'`;

/**
 * The buildspec of a comparison, as data.
 *
 * A comparison that fails fails the build, and leaves the alarm in its state.
 */
export function renderMonitorBuildSpec(options: MonitorBuildSpecOptions): Record<string, unknown> {
  return {
    version: '0.2',
    env: { shell: 'bash', variables: renderVariables(options.packageIndexUrl) },
    phases: {
      install: installPhase(),
      build: {
        commands: [
          [
            `if [ -z "$MANIFEST_KEY" ]; then MANIFEST_KEY="$(${POINTED})" || exit 1; fi`,
            `${OPTIMIZER} drift "s3://$ARTIFACT_BUCKET/\${MANIFEST_KEY%/manifest.json}/" "s3://$CAPTURE_BUCKET" --hours "$PERIOD_HOURS" `
            + '--min-samples "$MIN_SAMPLES" --min-psi "$MIN_STABILITY_INDEX" --output out || exit 1',
            `${OPTIMIZER} publish-drift --output out --bucket "$CAPTURE_BUCKET" --manifest-key "$MANIFEST_KEY" `
            + '--project "${CODEBUILD_BUILD_ID%%:*}" --run "${CODEBUILD_BUILD_ID#*:}"',
          ].join('\n'),
        ],
      },
    },
  };
}
