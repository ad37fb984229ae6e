import { Initial1763769600000 } from './1763769600000-initial.js';

/** In order; appended to, never changed. */
export const MIGRATIONS = [Initial1763769600000];
