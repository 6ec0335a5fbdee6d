// Runs before anything else is loaded: takes a code or a token out of the address, so that neither stays in the address bar,
// in the history entry of this page, in bookmarks or on screenshots while the page is loading.
(() => {
  const fragment = new URLSearchParams(location.hash.slice(1));
  if (!fragment.has('code') && !fragment.has('token')) return;
  history.replaceState(null, '', location.pathname + location.search);
  window.notegraphFragment = fragment;
})();
