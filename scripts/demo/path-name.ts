/** The ways of serving, in the order in which the demo shows them. */
export const PATH_NAMES = ['function', 'service', 'fleet'] as const;

export type PathName = typeof PATH_NAMES[number];
