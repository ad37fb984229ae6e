import './workers.js';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import './main.css';
import { createFetcher } from './fetcher.js';
import { HEADERS, startingTabs } from './tabs.js';

createRoot(document.getElementById('root')).render(
  <GraphiQL
    fetcher={createFetcher(window.location.href)}
    defaultTabs={startingTabs()}
    defaultHeaders={HEADERS}
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders={false}
    showPersistHeadersSettings={false}
  >
    <GraphiQL.Logo>
      <a className="glidepath-logo" href="/">
        Glidepath
      </a>
    </GraphiQL.Logo>
  </GraphiQL>,
);
