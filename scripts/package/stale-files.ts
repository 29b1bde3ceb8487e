/**
 * Returns the compiled files of a package whose source is gone: jsii does not delete them, so a clone that built an older commit would publish them.
 *
 * @param files paths in the package
 * @param exists whether the repository has a file
 */
export function staleFiles(files: string[], exists: (path: string) => boolean): string[] {
  return files.filter((file) => {
    const source = /^build\/(.+?)(\.d\.ts|\.js)$/.exec(file)?.[1];
    return source !== undefined && !exists(`${source}.ts`);
  });
}
