/** Returns the page of `cdk-tensorflow open` as HTML. */
export function bundlePage(): Promise<string>;
