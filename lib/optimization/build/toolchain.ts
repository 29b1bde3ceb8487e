/**
 * Versions that determine an artifact's bytes, part of every build key.
 *
 * A test compares them with optimizer: its requirements.txt and its BEHAVIOR_VERSION.
 */
export const TOOLCHAIN = { behaviorVersion: 11, tensorflow: '2.20.0', litert: '2.3.0' };
