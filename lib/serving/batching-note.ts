import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Notes on the construct that a batch fails as a whole: with batching, clients depend on each other's requests. */
export function noteBatching(scope: Construct, { batching }: { readonly batching?: unknown }): void {
  if (batching) {
    Annotations.of(scope).addInfoV2('cdk-tensorflow:SharedBatches', 'batching combines the requests of several clients, and a request that the model cannot '
      + 'take fails all requests of its batch (400): let clients check what they send, or leave batching out where they do not trust each other');
  }
}
