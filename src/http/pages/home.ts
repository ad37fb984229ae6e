import { createHash } from 'node:crypto';
import type { ReadinessReport } from '../readiness.js';

export interface HomePage {
  html(report: ReadinessReport): string;
  readonly icon: string;
  /** For the content security policy: sha256-… of the one style sheet. */
  readonly styleHash: string;
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1d4ed8"/><path d="M5 9c9 0 13 6 22 14" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/><path d="M5 23h22" stroke="#93c5fd" stroke-width="2" stroke-linecap="round"/></svg>`;

const STYLE = `
:root{color-scheme:light dark;--ink:#0f172a;--soft:#475569;--line:#e2e8f0;--paper:#fff;--tint:#f1f5f9;--link:#1d4ed8}
@media(prefers-color-scheme:dark){:root{--ink:#e2e8f0;--soft:#94a3b8;--line:#1e293b;--paper:#0b1120;--tint:#111a2e;--link:#93c5fd}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:4rem 1.5rem}
header{display:flex;align-items:center;gap:.9rem}
header img{width:44px;height:44px}
h1{font-size:1.7rem;letter-spacing:-.02em;margin:0}
h2{font-size:1rem;margin:2.4rem 0 .6rem}
p{color:var(--soft);margin:.8rem 0}
a{color:var(--link)}
nav{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.7rem;margin:1.8rem 0}
nav a{display:block;padding:.8rem 1rem;border:1px solid var(--line);border-radius:.6rem;text-decoration:none;color:var(--ink);font-weight:600}
nav a:hover,nav a:focus-visible{border-color:var(--link)}
nav small{display:block;font-weight:400;color:var(--soft)}
.state{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:1.2rem;font-size:.9rem}
.state span{padding:.1rem .7rem;border-radius:1rem;background:var(--tint);border:1px solid var(--line)}
.state span::before{content:"●";margin-right:.4rem;color:#16a34a}
.state .degraded::before{color:#d97706}
.state .down::before{color:#dc2626}
pre{margin:0;padding:1rem;background:var(--tint);border:1px solid var(--line);border-radius:.6rem;overflow-x:auto;font:13px/1.55 ui-monospace,monospace}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.85rem;color:var(--soft)}
`;

const FIRST_QUERY = `mutation {
  complete(input: {
    model: "sandbox"
    messages: [{ role: USER, text: "Say hello." }]
  }) {
    ... on Completion { text servedModel { slug } cost { total { amount } } }
    ... on UserError { code message }
  }
}`;

/** What this is, where its doors are, and a first thing to ask: one page without a script. */
export function homePage(version: string): HomePage {
  const html = (report: ReadinessReport) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Glidepath</title>
<link rel="icon" href="/favicon.svg">
<style>${STYLE}</style>
</head>
<body>
<main>
<header><img src="/favicon.svg" alt=""><h1>Glidepath</h1></header>
<p>A gateway for AI models that speaks GraphQL: one schema for every provider, streams that resume, exact costs, and a ledger you can query.</p>
<p class="state">${stateOf(report)}</p>
<nav>
<a href="/graphiql">GraphiQL<small>ask, stream, read the schema</small></a>
<a href="/readyz">State<small>each part, as JSON</small></a>
<a href="/metrics">Metrics<small>for Prometheus</small></a>
</nav>
<h2>A first question</h2>
<p>Open <a href="/graphiql">GraphiQL</a>, put the key that was printed at the first start into its Headers tab, and run this:</p>
<pre>${escape(FIRST_QUERY)}</pre>
<h2>From code</h2>
<p>Send GraphQL to <code>/graphql</code> with the header <code>Authorization: Bearer &lt;key&gt;</code>: by POST, over WebSocket (<code>graphql-transport-ws</code>), or with <code>Accept: text/event-stream</code>.</p>
<footer>Glidepath ${escape(version)}</footer>
</main>
</body>
</html>
`;
  return { html, icon: ICON, styleHash: `sha256-${createHash('sha256').update(STYLE).digest('base64')}` };
}

function stateOf({ ready, parts }: ReadinessReport): string {
  const items = [
    { name: ready ? 'ready' : 'not ready', state: ready ? 'ok' : 'down' },
    ...Object.entries(parts).map(([name, { state, detail }]) => ({ name: `${name}: ${detail ?? state}`, state })),
  ];
  return items.map(({ name, state }) => `<span class="${state}">${escape(name)}</span>`).join('');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
