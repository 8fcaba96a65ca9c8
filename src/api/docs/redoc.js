"use strict";

const here = document.currentScript.src;
Redoc.init(
  new URL("../openapi.json", here).href,
  { disableSearch: true, nativeScrollbars: true, theme: { typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } } } },
  document.getElementById("api"),
);
