import { createRoot } from 'react-dom/client';
// Workers by address, not from blobs, so that the content security policy can say `worker-src 'self'`.
import 'graphiql/setup-workers/vite';
import { Playground } from './Playground';
import { currentToken, takeTokenFromAddress } from './token';
import './style';

takeTokenFromAddress();

// The address of a restarted server, pasted into this tab, changes the fragment alone: the browser does not load the page again.
addEventListener('hashchange', () => {
  if (takeTokenFromAddress()) location.reload();
});

createRoot(document.getElementById('root')!).render(<Playground token={currentToken()} />);
