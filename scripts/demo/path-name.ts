/** The ways of serving. */
export type PathName = 'function' | 'service' | 'fleet';
