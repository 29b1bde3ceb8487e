/** A sentence about each command that is not the optimizer's, in the order of the help. */
export const SUMMARIES = {
  preflight: 'ask an AWS account what would stand in the way of a deployment',
  delivery: 'see what a ModelDelivery serves, deliver an upload again, or go back',
  recommend: 'say which path is the cheapest for a model that was optimized',
  open: 'send requests to an endpoint from a page in your browser, also behind IAM',
  openapi: 'print what a published model\'s servers answer, as OpenAPI 3.1',
  completion: 'print a script that completes commands and options in bash, zsh or fish',
} as const;

export type DeploymentCommand = keyof typeof SUMMARIES;
