import { canaryManifest, canaryRollout } from '../../lib/kubernetes/canary-manifest';
import { deploymentManifest } from '../../lib/kubernetes/deployment-manifest';
import { ROLLOUT_LABEL } from '../../lib/kubernetes/deployment-waits';

const identity = { name: 'digits', namespace: 'models' };
const plan = { startupSeconds: 60, drainSeconds: 45, minReadySeconds: 20, maxSurge: '25%' };
const template = { metadata: { labels: { 'app.kubernetes.io/instance': 'digits', [ROLLOUT_LABEL]: 'abc-7' }, annotations: { note: 'x' } }, spec: { containers: [] } };
const canary: any = canaryManifest({ identity, plan, template, replicas: 2 });
const stable: any = deploymentManifest({ identity, plan, template });

test('a canary is a Deployment of its own with a fixed number of pods', () => {
  expect(canary).toMatchObject({ kind: 'Deployment', metadata: { name: 'digits-canary', namespace: 'models' }, spec: { replicas: 2 } });
  expect(stable.spec).not.toHaveProperty('replicas');
});

test('its pods have all labels of the others, so that the Services send them requests too', () => {
  expect(canary.spec.template.metadata.labels).toMatchObject({ 'app.kubernetes.io/instance': 'digits' });
  expect(canary.spec.template.metadata.annotations).toEqual(template.metadata.annotations);
  expect(canary.spec.template.spec).toBe(template.spec);
});

test('it selects its own pods only, by a label that does not change with the version', () => {
  const own = Object.entries(canary.spec.selector.matchLabels).filter(([label]) => !(label in stable.spec.selector.matchLabels));

  expect(own).toEqual([['cdk-tensorflow/track', 'canary']]);
  expect(canary.spec.template.metadata.labels).toMatchObject(Object.fromEntries(own));
});

test('the gate of the other Deployment does not see its pods', () => {
  expect(canary.spec.template.metadata.labels[ROLLOUT_LABEL]).toBe(canaryRollout('abc-7'));
  expect(canaryRollout('abc-7')).not.toBe('abc-7');
});

test('it replaces pods as the other does, and changes nothing of what the other is made from', () => {
  const { replicas: _, selector, template: own, ...rest } = canary.spec;

  expect(rest).toEqual(Object.fromEntries(Object.entries(stable.spec).filter(([name]) => !['selector', 'template'].includes(name))));
  expect([selector, own]).not.toEqual([stable.spec.selector, stable.spec.template]);
  expect(template.metadata.labels).toEqual({ 'app.kubernetes.io/instance': 'digits', [ROLLOUT_LABEL]: 'abc-7' });
});
