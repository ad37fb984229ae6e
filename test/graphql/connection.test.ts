import 'reflect-metadata';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeCursor, pageOf, parsePage, toConnection } from '../../src/graphql/connection.js';

const slugs = fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,8}$/), { maxLength: 60 });
const items = slugs.map((all) => all.toSorted((a, b) => (a < b ? -1 : 1)).map((slug) => ({ slug })));
const SHAPE = { list: 'things', position: (item: { slug: string }) => item.slug, toNode: (item: { slug: string }) => item };

const page = (all: readonly { slug: string }[], first: number, after: string | null) =>
  toConnection(pageOf(all, parsePage('things', { first, after })), SHAPE);

describe('paging', () => {
  test('walks a list of any length in pages of any size: everything once, in order', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 100 }), (all, first) => {
        const walked: { slug: string }[] = [];
        let after: string | null = null;
        for (let more = true; more;) {
          const { nodes, edges, pageInfo, totalCount }: ReturnType<typeof page> = page(all, first, after);
          expect(totalCount).toBe(all.length);
          expect(pageInfo.hasPreviousPage).toBe(walked.length > 0);
          expect(edges.map((edge) => edge.node)).toEqual(nodes);
          expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
          walked.push(...nodes.map(({ slug }) => ({ slug })));
          more = pageInfo.hasNextPage;
          after = pageInfo.endCursor;
        }
        expect(walked).toEqual(all);
      }),
    );
  });

  test('goes on where it was although the last item read was deleted meanwhile', () => {
    const all = ['a', 'b', 'c', 'd'].map((slug) => ({ slug }));
    const { pageInfo } = page(all, 2, null);
    const rest = all.filter(({ slug }) => slug !== 'b');
    expect(page(rest, 2, pageInfo.endCursor).nodes.map(({ slug }) => slug)).toEqual(['c', 'd']);
  });

  test('past the end there is an empty page without cursors', () => {
    const { nodes, pageInfo } = page([{ slug: 'a' }], 10, encodeCursor('things', 'z'));
    expect(nodes).toEqual([]);
    expect(pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null });
  });

  test('an empty page is allowed, and tells that more follows', () => {
    const { nodes, pageInfo } = page([{ slug: 'a' }], 0, null);
    expect(nodes).toEqual([]);
    expect(pageInfo.hasNextPage).toBe(true);
  });

  test('an explicit null asks for the usual size', () => {
    expect(parsePage('things', { first: null, after: null })).toEqual({ first: 50, after: null });
  });

  test.each([-1, 101, -2147483648, 2147483647])('a size of %d is an error, never a silent cut', (first) => {
    expect(() => parsePage('things', { first })).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });

  test('a cursor that this list never gave out is an error', () => {
    for (const after of [
      '',
      'x',
      '!!!',
      encodeCursor('others', 'a'),
      encodeCursor('things', ''),
      `${encodeCursor('things', 'a')}=`,
      '\u0000',
    ])
      expect(() => parsePage('things', { first: 1, after })).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });

  test('no text is taken for a cursor unless it is one', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(text !== encodeCursor('things', Buffer.from(text, 'base64url').toString().slice(7)));
        expect(() => parsePage('things', { first: 1, after: text })).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
      }),
    );
  });
});
