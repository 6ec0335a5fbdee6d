// The marks that the editors of the playground set on what they take for wrong, also those that go away by themselves.

/** Collects them from now on. Call it before the page is opened. */
export async function collectMarks(page) {
  await page.addInitScript(() => {
    window.marks = [];
    const wait = setInterval(() => {
      // GraphiQL publishes the editor's library under this name.
      const editor = window.__MONACO?.editor;
      if (!editor) return;
      clearInterval(wait);
      editor.onDidChangeMarkers((uris) => {
        const tab = document.querySelector('.graphiql-tab-active .graphiql-tab-button')?.textContent;
        for (const uri of uris) {
          for (const { message, startLineNumber } of editor.getModelMarkers({ resource: uri })) {
            window.marks.push(`tab ${tab}, ${uri.path.split('-').at(-1)}, line ${startLineNumber}: ${message}`);
          }
        }
      });
    }, 1);
  });
}

/** The marks that were set since the last call, as sentences. */
export function takeMarks(page) {
  return page.evaluate(() => window.marks.splice(0));
}
