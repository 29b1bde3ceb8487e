import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { packagePath } from '../private/asset-paths';
import { copySources } from './bundle-files';

/** The code of a program below `runtime`, beside the package that it shares with the optimizer (`runtime/shared`). */
export function runtimeCode(program: string): lambda.Code {
  const [own, shared] = [program, 'shared'].map((name) => packagePath('runtime', name, 'src'));
  return lambda.Code.fromAsset(own, {
    // The hash of the source would be that of the program alone.
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('none'), // never used: the files are copied here
      local: {
        tryBundle: (output) => {
          [own, shared].forEach((directory) => copySources(directory, output));
          return true;
        },
      },
    },
  });
}
