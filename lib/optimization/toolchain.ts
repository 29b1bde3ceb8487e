/**
 * The versions that decide an artifact's bytes, as the optimizer of this package has them. Part of every build key.
 *
 * A test compares them with python/optimizer: its requirements.txt and its BEHAVIOR_VERSION.
 */
export const TOOLCHAIN = { behaviorVersion: 5, tensorflow: '2.20.0', litert: '2.3.0' };
