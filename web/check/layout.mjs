// Checks the layout of the playground at different widths of the window.
import { check } from './check.mjs';

/** The position of an element; fails if it is not shown. */
async function box(page, selector) {
  const box = await page.locator(selector).first().boundingBox();
  check(box && box.width > 0 && box.height > 0, `${selector} is not shown at ${page.viewportSize().width} pixels.`);
  return { ...box, right: box.x + box.width, bottom: box.y + box.height };
}

async function resize(page, width, height) {
  await page.setViewportSize({ width, height });
  // The editors follow the window.
  await page.waitForTimeout(500);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  check(wide <= width, `At ${width} pixels, the page is ${wide} pixels wide.`);
}

/** The tabs do not fit at 1,100 pixels: the wheel scrolls to the last of them, and a tab that is chosen is shown whole. */
export async function tabsScroll(page) {
  await resize(page, 1100, 900);
  const strip = page.locator('.graphiql-tabs');
  const [editors, response] = [await box(page, '.graphiql-editors'), await box(page, '.graphiql-response')];
  check(editors.right <= response.x, 'At 1,100 pixels, the panes do not stand side by side.');
  const { right } = await box(page, '.graphiql-tabs');
  const add = await box(page, '.graphiql-tab-add');
  const logo = await box(page, '.graphiql-logo');
  check(right <= add.x && add.right <= logo.x, 'At 1,100 pixels, the tabs lie over what stands beside them.');

  const room = await strip.evaluate((strip) => strip.scrollWidth - strip.clientWidth);
  check(room > 0, 'At 1,100 pixels, all tabs fit: this check is for more of them.');
  await strip.hover();
  await page.mouse.wheel(0, 5000);
  await page.waitForFunction((room) => document.querySelector('.graphiql-tabs').scrollLeft >= room - 1, room).catch(() => {
    throw new Error('At 1,100 pixels, the wheel does not scroll the tabs to the last one.');
  });
  for (const end of ['last', 'first']) {
    await page.locator('.graphiql-tab-button')[end]().dispatchEvent('click');
    const isWhole = () => {
      const [strip, tab] = ['.graphiql-tabs', '.graphiql-tab-active'].map((selector) =>
        document.querySelector(selector).getBoundingClientRect(),
      );
      return tab.left >= strip.left - 1 && tab.right <= strip.right + 1;
    };
    await page.waitForFunction(isWhole).catch(() => {
      throw new Error(`At 1,100 pixels, the ${end} tab is not scrolled to when it is chosen.`);
    });
  }
}

const PANES = [
  '.graphiql-sidebar',
  '.graphiql-session-header',
  '.graphiql-query-editor',
  '.graphiql-editor-tools',
  '.graphiql-editor-tool',
  '.graphiql-response',
];

/** Each stands below the one before it. */
async function oneAboveTheOther(page, selectors) {
  const { width } = page.viewportSize();
  const boxes = [];
  for (const selector of selectors) boxes.push(await box(page, selector));
  boxes.slice(1).forEach((below, number) => {
    const [upper, lower] = selectors.slice(number);
    check(boxes[number].bottom <= below.y + 1, `At ${width} pixels, ${upper} lies over ${lower}.`);
  });
}

/** Below 700 pixels, one pane stands above the other, and none lies over another. */
export async function panesStack(page) {
  for (const [width, height] of [[680, 900], [390, 844], [390, 600]]) {
    await resize(page, width, height);
    await oneAboveTheOther(page, PANES);
    for (const name of ['editors', 'response']) {
      const { x, right, width: own, height: tall } = await box(page, `.graphiql-${name}`);
      const fits = x >= 0 && right <= width && own > width * 0.8 && tall >= 300;
      check(fits, `At ${width} pixels, the pane of the ${name} is ${own} × ${tall} pixels.`);
    }
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const [sidebar, ...others] = PANES;
    await oneAboveTheOther(page, [sidebar, '.graphiql-plugin', ...others]);
    await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
  }
}
