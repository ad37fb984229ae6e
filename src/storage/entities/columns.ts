import type { ValueTransformer } from 'typeorm';

/** pg hands out `bigint` as text; counts of tokens and versions stay far below 2⁵³. */
export const bigintAsNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: unknown) => (typeof value === 'string' ? Number(value) : value),
};
