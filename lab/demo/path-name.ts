export type PathName = 'function' | 'service' | 'fleet';
