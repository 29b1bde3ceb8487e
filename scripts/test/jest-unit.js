// What unit tests do not look at costs a third of a synthesis: copies of assets, and the stack of each construct.
process.env.CDK_CONTEXT_JSON = JSON.stringify({
  'aws:cdk:disable-asset-staging': true,
  'aws:cdk:disable-stack-trace': true,
  'aws:cdk:disable-creation-stack-traces': true,
});
// From jest-runner.mjs: what a test starts gets no loader.
delete process.env.NODE_OPTIONS;
