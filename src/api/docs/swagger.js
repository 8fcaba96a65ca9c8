"use strict";

// Everything is found from where this script was loaded, so that a path prefix
// of a proxy does no harm.
const here = document.currentScript.src;
const ui = SwaggerUIBundle({
  url: new URL("../openapi.json", here).href,
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  oauth2RedirectUrl: new URL("oauth2-redirect.html", here).href,
  queryConfigEnabled: false,
});
ui.initOAuth({ clientId: "scopegate-docs", usePkceWithAuthorizationCodeGrant: true });
