import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useMemo, useState } from 'react';
import { TokenBar, type TokenProblem } from './TokenBar';
import { examples } from './examples';
import { createFetcher } from './fetcher';
import { authorization } from './token';

const plugins = [explorerPlugin({ showAttribution: false }), HISTORY_PLUGIN];

// Notes are about people: what was asked and typed here is kept for this browser tab, and not on the disk after it.
const storage = sessionStorage;

// GraphiQL takes the first tab's query from `defaultTabs` but not its variables. On a reload they come out of the storage.
const firstVariables = storage.getItem('graphiql:tabState') ? undefined : examples[0].variables;

export function Playground({ token }: { token: string | null }) {
  const [problem, setProblem] = useState<TokenProblem | null>(token ? null : 'missing');

  const fetcher = useMemo(
    () =>
      createFetcher(token, (status) => {
        if (status === 401) setProblem(token ? 'refused' : 'missing');
        else if (status < 400) setProblem(null);
      }),
    [token],
  );

  return (
    <>
      {problem && <TokenBar problem={problem} />}
      {/* GraphiQL stores no headers unless asked to: the token of this load is the only one, in old tabs too. */}
      <GraphiQL
        fetcher={fetcher}
        storage={storage}
        plugins={plugins}
        defaultTabs={examples}
        initialVariables={firstVariables}
        defaultHeaders={token ? JSON.stringify(authorization(token), null, 2) : undefined}
        defaultEditorToolsVisibility="variables"
        inputValueDeprecation
        schemaDescription
      >
        <GraphiQL.Logo>
          <span className="logo">notegraph</span>
        </GraphiQL.Logo>
      </GraphiQL>
    </>
  );
}
