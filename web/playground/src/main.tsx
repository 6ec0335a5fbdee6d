import { createRoot } from 'react-dom/client';
// Workers by address, not from blobs, so that the content security policy can say `worker-src 'self'`.
import 'graphiql/setup-workers/vite';
import { Playground } from './Playground';
import { arrive, takeFragment, type Arrival } from './token';
import './style';

const root = createRoot(document.getElementById('root')!);
let arrivals = 0;

/** Shows the page for another token: from the beginning, as the old one is in the editor for headers. */
function show({ token, problem }: Arrival) {
  arrivals += 1;
  root.render(
    <Playground key={arrivals} token={token} problem={problem} onToken={(pasted) => show({ token: pasted, problem: null })} />,
  );
}

// The address of a restarted server, pasted into this tab, changes the fragment alone: the browser does not load the page again.
addEventListener('hashchange', async () => {
  const fragment = takeFragment();
  if (fragment) show(await arrive(fragment));
});

show(await arrive(takeFragment()));
