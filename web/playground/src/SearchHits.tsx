import { useGraphiQL } from '@graphiql/react';
import { useEffect } from 'react';

/** Highlights the words of a search hit in the response, as a client would: those between U+E000 and U+E001. */
export function SearchHits() {
  const responseEditor = useGraphiQL((state) => state.responseEditor);

  useEffect(() => {
    const model = responseEditor?.getModel();
    if (!responseEditor || !model) return;
    const hits = responseEditor.createDecorationsCollection();
    const highlight = () => {
      const found = model.findMatches('\uE000[^\uE001]*\uE001', false, true, true, null, false);
      hits.set(found.map(({ range }) => ({ range, options: { inlineClassName: 'search-hit' } })));
    };
    const changed = model.onDidChangeContent(highlight);
    highlight();
    return () => {
      changed.dispose();
      hits.clear();
    };
  }, [responseEditor]);

  return null;
}
