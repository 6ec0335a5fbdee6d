import { defineConfig } from 'vite';

export default defineConfig({
  // The server serves index.html at `/` and everything else under this prefix.
  base: '/playground/',
  build: {
    target: 'es2022',
    // No `data:` copies of files: one file each, cached by its hashed name.
    assetsInlineLimit: 0,
    // The preload helper would add nothing on a page with one entry, and browsers of our target have it built in.
    modulePreload: { polyfill: false },
    // The editor alone is larger than the limit at which Vite warns.
    chunkSizeWarningLimit: 4096,
    // The bundled packages have licences that require their text to be included.
    license: { fileName: 'licenses.md' },
    // "use client" and the like, in libraries, mean nothing in a bundle for the browser: hundreds of warnings about it hide real ones.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  worker: { format: 'es' },
  preview: {
    // `npm run preview` beside a running `notegraph serve`, which compares the `Host` header with the page's origin.
    proxy: Object.fromEntries(
      ['/graphql', '/playground/session'].map((path) => [
        path,
        { target: process.env.NOTEGRAPH ?? 'http://127.0.0.1:8080', changeOrigin: false },
      ]),
    ),
  },
});
