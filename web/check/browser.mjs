// Opens the playground of a running server in Chromium and uses it as a person would.
//   NOTEGRAPH_LINK='http://127.0.0.1:8080/#code=...' node browser.mjs 'http://127.0.0.1:8080/#token=ng_...' [screenshot.png]
import { address } from './address.mjs';
import { check } from './check.mjs';
import { startChromium } from './chromium.mjs';
import { complaints } from './complaints.mjs';
import { introspect, mistakes } from './examples.mjs';
import { panesStack, tabsScroll } from './layout.mjs';
import { collectMarks, takeMarks } from './marks.mjs';
import { filesWith } from './profile.mjs';

const { url, token, graphql } = address();
// The address that `serve --demo` prints.
const link = new URL(process.env.NOTEGRAPH_LINK);
const screenshot = process.argv[3] ?? process.env.SCREENSHOT;

// Monaco shows spaces as no-break spaces.
const text = async (locator) => (await locator.innerText()).replaceAll('\u00a0', ' ');

const editor = (page) => page.locator('.graphiql-query-editor .view-lines');
const hint = (page) => page.locator('.token-bar');

/** Waits until the editor shows the first example. */
async function ready(page) {
  await editor(page).getByText('Notes').first().waitFor();
}

async function execute(page) {
  const answered = page.waitForResponse((response) => response.url() === graphql);
  await page.locator('.graphiql-execute-button').click();
  const response = await answered;
  check(response.status() === 200, `The first tab's request was answered with ${response.status()}.`);
}

/** Waits for the answer of the first example. */
async function showsNotes(page) {
  const result = page.locator('.result-window .view-lines');
  // If no response comes, the check below says what the pane shows instead.
  await result.getByText('"Note:').first().waitFor().catch(() => {});
  const shown = await text(result);
  check(shown.includes('"subject"') && shown.includes('"Note:'), `The response pane shows no note, but: ${shown}`);
}

/** The names of the operations that the page sends, from now on. */
function operations(page) {
  const names = [];
  page.on('request', (request) => {
    if (request.url() === graphql) names.push(request.postDataJSON().operationName);
  });
  return names;
}

/** Opens each tab, and gives the editors the time to check it: on a slow machine, where marks stay long enough to be seen. */
async function tabsHaveNoMarks(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 6 });
  const tabs = page.locator('.graphiql-tab-button');
  for (let number = 0; number < (await tabs.count()); number += 1) {
    await tabs.nth(number).click();
    await page.waitForTimeout(2000);
  }
  await session.detach();
  const marks = await takeMarks(page);
  check(marks.length === 0, `The editors mark what is right:\n  ${marks.join('\n  ')}`);
}

async function variablesHold(page, expected) {
  await page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines').getByText(expected).waitFor();
}

async function headersHold(page, expected) {
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  const lines = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines');
  // The editor renders its lines a moment after it is shown, and it wraps long ones.
  await lines.getByText('}').waitFor();
  const shown = await text(lines);
  check(shown.replace(/\s/g, '').includes(`"Bearer${expected}"`), `The Headers editor does not hold the token, but: ${shown}`);
  await page.getByRole('button', { name: 'Variables', exact: true }).click();
}

/** Opens the page with the printed address. */
async function withCode(page) {
  const found = await complaints(page, url.origin);
  const sent = operations(page);
  await collectMarks(page);
  await page.goto(link.href);
  await ready(page);
  check(page.url() === `${url.origin}/`, `The code is still in the address bar: ${page.url()}`);
  check((await page.title()) === 'notegraph playground', `The title is "${await page.title()}".`);
  // Without a click on the button.
  await showsNotes(page);
  await variablesHold(page, '"first"');
  await headersHold(page, token);
  check((await hint(page).count()) === 0, 'The hint about a missing token is shown although there is one.');
  if (screenshot) await page.screenshot({ path: screenshot });
  await tabsHaveNoMarks(page);
  check(sent.join() === 'IntrospectionQuery,Notes', `By itself, the page has sent: ${sent.join(', ')}`);

  await tabsScroll(page);
  await panesStack(page);
  await page.setViewportSize({ width: 1400, height: 900 });
  await execute(page);
  await showsNotes(page);
  await page.getByRole('tab', { name: 'Search' }).click();
  // GraphiQL sends the operation name of the previous tab until it has parsed the document of this one, a moment later.
  await page.waitForTimeout(2000);
  await execute(page);
  await page.locator('.result-window .search-hit').first().waitFor();
  await page.getByRole('button', { name: 'Show History' }).click();
  await page.locator('.graphiql-history-item-label').last().click();
  await page.getByRole('button', { name: 'Hide History' }).click();
  await headersHold(page, token);

  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.locator('.graphiql-doc-explorer').getByText('Mutation', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Show GraphiQL Explorer' }).click();
  await page.locator('.graphiql-explorer-root').getByText('noteTypes').first().waitFor();
  await page.getByRole('button', { name: 'Hide GraphiQL Explorer' }).click();

  // The tab has two operations: GraphiQL asks which to run, once it has parsed the document.
  await page.getByRole('tab', { name: 'NoteDeletePreview' }).click();
  await page.locator('.graphiql-execute-button[aria-haspopup=menu]').click();
  await page.getByRole('menuitem', { name: 'NoteDelete', exact: true }).waitFor();
  await page.keyboard.press('Escape');

  // A squiggle under an unknown field shows that the worker runs and knows the schema.
  await page.getByRole('button', { name: 'New tab' }).click();
  await editor(page).click();
  await page.keyboard.type('{ nothingOfThisName }');
  await page.locator('.graphiql-query-editor .squiggly-error').waitFor();
  const marks = await takeMarks(page);
  check(marks.some((mark) => mark.includes('nothingOfThisName')), 'The marks of the editors are not collected.');

  // A reload keeps the typed text, but not the token.
  await page.reload();
  await editor(page).getByText('nothingOfThisName').waitFor();
  await hint(page).getByText('Requests need a token').waitFor();
  const others = found.filter((line) => !/\b401\b/.test(line));
  check(others.length === 0, `The page complains:\n  ${others.join('\n  ')}`);
}

/** A code is valid once: a second page, as from the browser's history, says that it was used. */
async function withUsedCode(page) {
  await page.goto(link.href);
  await ready(page);
  await hint(page).getByText('has been used').waitFor();
  check(page.url() === `${url.origin}/`, `The code is still in the address bar: ${page.url()}`);
}

/** Opens the page with a token in the address, as a user may write it. */
async function withToken(page) {
  const found = await complaints(page, url.origin);
  await page.goto(url.href);
  await ready(page);
  check(!page.url().includes(token), 'The token is still in the address bar.');
  await showsNotes(page);
  await headersHold(page, token);
  check(found.length === 0, `The page complains:\n  ${found.join('\n  ')}`);
}

/** Validates every example of the built page against the schema of this server. */
async function examplesAreValid(page) {
  const tabs = await page.evaluate(() => JSON.parse(sessionStorage.getItem('graphiql:tabState')).tabs);
  const examples = tabs.filter(({ query }) => query?.startsWith('#'));
  check(examples.length >= 13, `There are ${examples.length} tabs with examples; there should be 13.`);
  const schema = await introspect(graphql, token);
  const wrong = examples.flatMap((tab) => mistakes(schema, tab));
  check(wrong.length === 0, wrong.join('\n'));
  return examples.length;
}

/** Runs without a token, with a wrong one, and with the right one pasted: only refusals are expected complaints. */
async function withoutToken(page) {
  const found = await complaints(page, url.origin);
  const sent = operations(page);
  await page.goto(url.origin);
  await ready(page);
  await hint(page).getByText('Requests need a token').waitFor();
  await panesStack(page);
  check(sent.every((name) => name === 'IntrospectionQuery'), `Without a token, the page has sent: ${sent.join(', ')}`);

  await hint(page).getByLabel('Token').fill(token);
  await hint(page).getByRole('button', { name: 'Use' }).click();
  await hint(page).waitFor({ state: 'detached' });
  await ready(page);
  await showsNotes(page);
  await page.setViewportSize({ width: 1400, height: 900 });

  // A new address in an existing tab changes only the fragment; its token must replace the stored one.
  await page.goto(`${url.origin}/#token=ng_stale`);
  await hint(page).getByText('does not accept this token').waitFor();
  await headersHold(page, 'ng_stale');
  await page.goto(url.href);
  await hint(page).waitFor({ state: 'detached' });
  await ready(page);
  await variablesHold(page, '"first"');
  await headersHold(page, token);
  await execute(page);
  await showsNotes(page);

  // Chromium logs its own line to the console for every refused request.
  const others = found.filter((line) => !/\b401\b/.test(line));
  check(others.length === 0, `The page complains:\n  ${others.join('\n  ')}`);
}

/** Runs a page in its own browser; `after` inspects the profile when the browser has ended. */
async function inBrowser(work, after) {
  const { context, profile, close, remove } = await startChromium();
  try {
    await work(context, profile);
    await close();
    after?.(profile);
  } catch (error) {
    if (screenshot) await context.pages().at(-1)?.screenshot({ path: screenshot }).catch(() => {});
    await close().catch(() => {});
    throw error;
  } finally {
    remove();
  }
}

try {
  let count;
  await inBrowser(
    async (context, profile) => {
      const page = await context.newPage();
      await withCode(page);
      count = await examplesAreValid(page);
      await withUsedCode(await context.newPage());
      // The browser takes its time to write what a page stores; most of it is written when it ends.
      for (let second = 0; second < 10 && filesWith(profile, 'nothingOfThisName').length === 0; second += 1) {
        await page.waitForTimeout(1000);
      }
    },
    (profile) => {
      // The typed text must be found, which proves that the search sees what the browser has stored.
      check(filesWith(profile, 'nothingOfThisName').length > 0, 'The profile of the browser holds nothing of the page.');
      const files = filesWith(profile, token);
      check(files.length === 0, `The profile of the browser holds the token, in ${files.join(', ')}.`);
    },
  );
  await inBrowser(async (context) => {
    await withToken(await context.newPage());
    await withoutToken(await context.newPage());
  });
  console.log(`The playground works: it opens with notes, ${count} examples are valid and unmarked, nothing is complained about.`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
