import { pick, useGraphiQL } from '@graphiql/react';
import { useEffect } from 'react';
import { examples } from './examples';
import { storage } from './storage';

const DONE = 'notegraph:first-run';

/**
 * Runs the first example on the first visit, so that a response is shown beside it. It waits for the schema, which only a
 * valid token receives, and runs nothing but the example as it is bundled: a query, never a mutation.
 */
export function FirstRun() {
  const { actions, schema, queryEditor, variableEditor, headerEditor, responseEditor } = useGraphiQL(
    pick('actions', 'schema', 'queryEditor', 'variableEditor', 'headerEditor', 'responseEditor'),
  );

  useEffect(() => {
    // The request takes its variables and its token from the editors.
    if (!schema || !queryEditor || !variableEditor || !headerEditor || !responseEditor) return;
    if (storage.getItem(DONE)) return;
    storage.setItem(DONE, 'true');
    const [first] = examples;
    if (queryEditor.getValue() === first.query && variableEditor.getValue() === first.variables) actions.run();
  }, [actions, schema, queryEditor, variableEditor, headerEditor, responseEditor]);

  return null;
}
