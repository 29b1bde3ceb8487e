/** Outputs of a stack of bin/app.ts; each path adds its own. */
export interface StackOutputs {
  readonly [name: string]: string;
  readonly ArtifactBucket: string;
  readonly ManifestKey: string;
  readonly ReportKey: string;
  readonly Summary: string;
}
