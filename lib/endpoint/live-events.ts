import { CustomResource, Stack, ValidationError } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';
import type { ModelSource } from '../model/model-source';
import { MODEL_LIVE, MODEL_ROLLED_BACK } from '../optimization/artifact/model-events';
import { BuildProvider, CHECK_TIMEOUT } from '../optimization/build/build-provider';
import type { ModelCompatibility } from '../optimization/model-compatibility';
import { lit } from '../private/errors';
import { eventRule } from '../private/event-rule';
import type { IModelEndpoint } from './model-endpoint';

const DELIVERED = 'a ModelDelivery makes versions of this model live, and publishes an event of each delivery itself: use delivery.onDelivered() '
  + 'and delivery.onFailed()';

/** Versions that an endpoint sends events of, and their times. */
export interface LiveEventsOptions {
  readonly kind: 'function' | 'service' | 'fleet';
  readonly compatibility: ModelCompatibility;
  readonly model: ModelSource;
  /** Reason why callers get a version at a time that the deployment does not know. Undefined where it knows. */
  readonly unknownTime?: string;
  /** The first resources that a new version changes or checks. */
  readonly first: IConstruct[];
  /** The resources whose update ends when callers get the new version only. */
  readonly last: IConstruct[];
}

/** Events of an endpoint's versions. It adds resources to the stack only when a rule is defined. */
export class LiveEvents {
  constructor(private readonly endpoint: IModelEndpoint & Construct, private readonly options: LiveEventsOptions) {}

  public onLive(id: string, options: events.OnEventOptions): events.Rule {
    return this.rule('onLive', id, options, MODEL_LIVE);
  }

  public onRolledBack(id: string, options: events.OnEventOptions): events.Rule {
    return this.rule('onRolledBack', id, options, MODEL_ROLLED_BACK);
  }

  private rule(method: string, id: string, options: events.OnEventOptions, type: string): events.Rule {
    const { endpoint, options: { model, unknownTime } } = this;
    const why = model._original?.delivery ? DELIVERED : unknownTime;
    if (why !== undefined) {
      throw new ValidationError(lit`NoLiveEvents`, `${method} has no event to select, because ${why}`, endpoint);
    }
    if (!endpoint.node.tryFindChild('LiveEvents')) {
      new LiveEventsResources(endpoint, 'LiveEvents', endpoint, this.options);
    }
    return eventRule(endpoint, id, options, { detail: { stackId: Stack.of(endpoint).stackId, path: endpoint.node.path }, types: [type] });
  }
}

/**
 * Two custom resources around everything that a new version changes.
 *
 * The last one is updated when callers get the new version. CloudFormation does not tell a resource that an update has failed, but takes back what it has
 * updated, and that includes the first one, however early the update failed.
 */
class LiveEventsResources extends Construct {
  constructor(scope: Construct, id: string, endpoint: IModelEndpoint, { kind, compatibility, first, last }: LiveEventsOptions) {
    super(scope, id);
    const provider = BuildProvider.of(this);
    const grant = provider.allowLiveEvents();
    const resource = (name: string, mode: string): CustomResource => {
      const made = new CustomResource(this, name, {
        resourceType: 'Custom::TensorFlowModelEvent',
        serviceToken: provider.serviceToken,
        serviceTimeout: CHECK_TIMEOUT,
        properties: {
          Mode: mode,
          Endpoint: kind,
          Path: endpoint.node.path,
          ModelName: endpoint.modelName,
          Bucket: endpoint.artifact.bucket.bucketName,
          Version: compatibility.version,
          ManifestKey: compatibility.manifestKey,
          ManifestSha256: compatibility.manifestSha256,
        },
      });
      made.node.addDependency(provider, grant);
      return made;
    };
    const before = resource('RolledBack', 'rolled_back_event');
    first.forEach((construct) => construct.node.addDependency(before));
    resource('Live', 'live_event').node.addDependency(before, ...last);
  }
}
