// Takes the picture of the README: the playground of a running demo with the answer of its first tab.
//   node screenshot.mjs 'http://127.0.0.1:8080/#token=ng_...' ../../docs/playground.png
import { address } from './address.mjs';
import { startChromium } from './chromium.mjs';

const { url } = address();
const browser = await startChromium();
try {
  const page = await browser.context.newPage();
  await page.setViewportSize({ width: 1280, height: 690 });
  await page.goto(url.href);
  await page.locator('.graphiql-query-editor .view-lines').getByText('Notes').first().waitFor();
  await page.locator('.graphiql-execute-button').click();
  await page.locator('.result-window .view-lines').getByText('"Note:').first().waitFor();
  // The button and the editor fade in and out for a moment.
  await page.waitForTimeout(1000);
  await page.screenshot({ path: process.argv[3] });
} finally {
  await browser.close();
  browser.remove();
}
