import { pick, useGraphiQL, useMonaco } from '@graphiql/react';
import { useEffect } from 'react';

/**
 * The server also takes an ID as a number. All other scalars of its own are strings, which the editor accepts for any scalar
 * that it does not know.
 */
export const scalars = { ID: { type: ['string', 'integer'] as ('string' | 'integer')[] } };

/** Settings of the editors that GraphiQL has no property for. */
export function Editors() {
  const { tabs, activeTabIndex, queryEditor, variableEditor, headerEditor, responseEditor, defaultHeaders } = useGraphiQL(
    pick('tabs', 'activeTabIndex', 'queryEditor', 'variableEditor', 'headerEditor', 'responseEditor', 'defaultHeaders'),
  );
  const monaco = useMonaco((state) => state.monaco);
  const tab = tabs[activeTabIndex]?.id;

  // The editor checks variables against what the operations of the tab declare, and needs a moment to find that out. Until
  // then it would check them against the operations of the tab before, and mark all of them.
  useEffect(() => {
    const json = monaco?.languages.json.jsonDefaults;
    json?.setDiagnosticsOptions({ ...json.diagnosticsOptions, schemas: [] });
  }, [monaco, tab]);

  useEffect(() => {
    for (const editor of [queryEditor, variableEditor, responseEditor]) {
      // Names are written in all scripts: a letter that resembles a Latin one is not a mistake.
      editor?.updateOptions({ unicodeHighlight: { ambiguousCharacters: false } });
    }
    queryEditor?.updateOptions({ wordWrap: 'on' });
  }, [queryEditor, variableEditor, responseEditor]);

  // An entry of the history has no headers when it comes from the storage, and then GraphiQL empties their editor. Text
  // that the user has deleted stays deleted.
  useEffect(() => {
    const changed = headerEditor?.onDidChangeModelContent(({ isFlush }) => {
      if (isFlush && defaultHeaders && !headerEditor.getValue()) headerEditor.setValue(defaultHeaders);
    });
    return () => changed?.dispose();
  }, [headerEditor, defaultHeaders]);

  return null;
}
