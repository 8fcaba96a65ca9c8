"use strict";

// The address is resolved against this script, so that the prefix of a proxy and
// a trailing slash of the page do no harm.
const here = document.currentScript.src;

document.body.style.margin = "0";

// Fonts of the system: none is loaded. The search would start a worker from a
// blob, which the page's policy forbids.
const text = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const code = 'ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';

Redoc.init(
  new URL("../openapi.json", here).href,
  {
    disableSearch: true,
    nativeScrollbars: true,
    requiredPropsFirst: true,
    theme: {
      typography: {
        fontFamily: text,
        headings: { fontFamily: text },
        code: { fontFamily: code },
      },
    },
  },
  document.getElementById("api"),
);
