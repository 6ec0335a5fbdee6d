import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

// Without the last four flags, Chromium contacts its maker's hosts at every start; as root, it has no sandbox.
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the system's Chromium with an empty profile in the folder `profile`; after `close`, `remove` deletes it. */
export async function startChromium() {
  const profile = mkdtempSync(join(tmpdir(), 'notegraph-check-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: flags,
    viewport: { width: 1400, height: 900 },
  });
  return {
    context,
    profile,
    close: () => context.close(),
    remove: () => rmSync(profile, { recursive: true, force: true }),
  };
}
