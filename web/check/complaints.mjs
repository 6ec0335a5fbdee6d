/**
 * Collects everything a page must not do: errors on the console, violations of the content security policy, failed
 * requests, and requests to other hosts, which are also blocked. Call it before the page is opened.
 */
export async function complaints(page, origin) {
  const found = [];
  // Cut, as a refused `data:` address is as long as its content.
  const add = (text) => found.push(text.slice(0, 300));

  await page.route(
    (url) => url.origin !== origin && url.protocol !== 'data:',
    (route) => {
      add(`asked another host: ${route.request().url()}`);
      return route.abort();
    },
  );
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') add(`console ${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => add(`uncaught: ${error.message}`));
  page.on('requestfailed', (request) => {
    // Chromium aborts what a page still loads when it is left or reloaded, such as the script of a worker.
    const reason = request.failure()?.errorText;
    if (reason !== 'net::ERR_ABORTED') add(`failed: ${request.url()} ${reason}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) add(`status ${response.status()}: ${response.url()}`);
  });
  // The console reports most violations; the event reports all.
  await page.exposeFunction('reportViolation', (text) => add(`content security policy: ${text}`));
  await page.addInitScript(() =>
    addEventListener('securitypolicyviolation', (event) =>
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI}`),
    ),
  );

  return found;
}
