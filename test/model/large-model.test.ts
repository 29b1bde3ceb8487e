import { truncateSync } from 'fs';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { ModelSource } from '../../lib';
import { directoryWith, savedModelFiles } from './model-files';

// Hashing and copying half a gigabyte is the CDK's business, and takes seconds.
jest.mock('../../lib/model/stored-object', () => ({ ...jest.requireActual('../../lib/model/stored-object'), storeAsset: jest.fn() }));

test.each([[500_000_000, 0], [500_000_001, 1]])('a model of %d bytes has %d warnings, and is accepted', (size, count) => {
  const stack = new Stack(new App(), 'Stack');
  const directory = directoryWith(savedModelFiles());
  truncateSync(join(directory, 'variables/variables.data-00000-of-00001'), size - 10);
  const source = ModelSource.fromAsset(directory);

  expect(source._original!.problems()).toEqual([]);
  source._original!.bind(stack);

  const warnings = Annotations.fromStack(stack).findWarning('*', Match.anyValue()).map(({ entry }) => entry.data);
  expect(warnings).toEqual(Array(count).fill(expect.stringMatching(/has 500 MB.*ModelSource\.fromBucket.*cdk-tensorflow:LargeModelAsset/)));
});
