import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Readiness } from '../readiness.js';
import { homePage } from './home.js';
import { loadAssets, type Asset } from './assets.js';
import { contentSecurityPolicy, securityHeaders } from './security.js';

export interface PagesConfig {
  readonly graphiqlDirectory: string;
  readonly version: string;
}

export interface PageParts {
  readonly config: PagesConfig;
  readonly readiness: Readiness;
}

/** The start page, and GraphiQL from our own files: no page asks any other address for anything. */
export async function pageRoutes(app: FastifyInstance, { config, readiness }: PageParts): Promise<void> {
  const home = homePage(config.version);
  app.get('/', async (_request, reply) => {
    page(reply, contentSecurityPolicy({ style: home.styleHash }));
    return home.html(await readiness.check());
  });
  app.get('/favicon.ico', (_request, reply) => reply.redirect('/favicon.svg', 301));
  app.get('/favicon.svg', (_request, reply) => {
    reply.headers(securityHeaders()).type('image/svg+xml').header('cache-control', 'public, max-age=86400');
    return home.icon;
  });
  const assets = await loadAssets(config.graphiqlDirectory);
  app.get('/graphiql', (_request, reply) => {
    const index = assets.get('index.html');
    page(reply, contentSecurityPolicy('graphiql'));
    if (index === undefined) return reply.code(503).send(NOT_BUILT);
    return reply.send(index.content);
  });
  app.get('/graphiql/', (_request, reply) => reply.redirect('/graphiql', 301));
  app.get<{ Params: { '*': string } }>('/graphiql/*', (request, reply) => {
    const asset = assets.get(request.params['*']);
    if (asset === undefined) {
      reply.callNotFound();
      return reply;
    }
    return sendAsset(reply, asset, request.headers['accept-encoding']);
  });
}

const NOT_BUILT =
  '<!doctype html><title>GraphiQL</title><p>GraphiQL is not built. Run <code>npm run build:graphiql</code> and start again.</p>';

function page(reply: FastifyReply, policy: string): void {
  reply
    .headers(securityHeaders())
    .type('text/html; charset=utf-8')
    .header('content-security-policy', policy)
    .header('cache-control', 'no-cache');
}

function sendAsset(reply: FastifyReply, asset: Asset, acceptEncoding: string | undefined): FastifyReply {
  reply.headers(securityHeaders()).type(asset.contentType).header('cache-control', asset.cacheControl).header('vary', 'accept-encoding');
  // A worker is governed by the policy of its own script, not by the page's.
  reply.header('content-security-policy', contentSecurityPolicy('graphiql'));
  if (asset.brotli === null || !/\bbr\b/.test(acceptEncoding ?? '')) return reply.send(asset.content);
  return reply.header('content-encoding', 'br').send(asset.brotli);
}
