import { explorerPlugin } from '@graphiql/plugin-explorer';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useMemo, useState } from 'react';
import { Editors, scalars } from './Editors';
import { FirstRun } from './FirstRun';
import { SearchHits } from './SearchHits';
import { TabStrip } from './TabStrip';
import { TokenBar } from './TokenBar';
import { examples } from './examples';
import { createFetcher } from './fetcher';
import { storage } from './storage';
import { authorization, type TokenProblem } from './token';

const plugins = [explorerPlugin({ showAttribution: false }), HISTORY_PLUGIN];

// GraphiQL fills the editors from these two, not from the first of `defaultTabs`, and writes them only when they change.
if (!storage.getItem('graphiql:tabState')) {
  storage.setItem('graphiql:query', examples[0].query);
  storage.setItem('graphiql:variables', examples[0].variables);
}

interface Props {
  token: string | null;
  /** The reason why there is no token. */
  problem: TokenProblem | null;
  /** Called when the user has pasted another token. */
  onToken: (token: string) => void;
}

export function Playground({ token, problem: first, onToken }: Props) {
  const [problem, setProblem] = useState(first);

  const fetcher = useMemo(
    () =>
      createFetcher(token, (status) => {
        if (status === 401) setProblem((before) => (token ? 'refused' : (before ?? 'missing')));
        else if (status < 400) setProblem(null);
      }),
    [token],
  );

  return (
    <>
      {problem && <TokenBar problem={problem} onToken={onToken} />}
      <GraphiQL
        fetcher={fetcher}
        storage={storage}
        plugins={plugins}
        defaultTabs={examples}
        // No headers in the storage: the token of this load is the only one, in old tabs too.
        shouldPersistHeaders={false}
        defaultHeaders={token ? JSON.stringify(authorization(token), null, 2) : undefined}
        defaultEditorToolsVisibility="variables"
        customScalarSchemas={scalars}
        inputValueDeprecation
        schemaDescription
      >
        <GraphiQL.Logo>
          <span className="logo">notegraph</span>
        </GraphiQL.Logo>
        <Editors />
        <FirstRun />
        <SearchHits />
        <TabStrip />
      </GraphiQL>
    </>
  );
}
