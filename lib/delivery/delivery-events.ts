/** What the state machine tells EventBridge's default bus. `event.schema.json` of runtime/model_delivery describes an event's detail. */
export const DELIVERED = 'ModelDelivered';
export const DELIVERY_FAILED = 'ModelDeliveryFailed';
export const DELIVERY_STUCK = 'ModelDeliveryStuck';
