"use strict";

// Addresses are resolved against this script, so that the prefix of a proxy and
// a trailing slash of the page do no harm.
const here = document.currentScript.src;

// The style sheet styles what is inside of #api, not the page around it.
document.body.style.margin = "0";

const ui = SwaggerUIBundle({
  dom_id: "#api",
  url: new URL("../openapi.json", here).href,
  // ?url= and ?configUrl= of the address name no other document.
  queryConfigEnabled: false,
  validatorUrl: null,
  oauth2RedirectUrl: new URL("oauth2-redirect.html", here).href,
  // A token ends with the page.
  persistAuthorization: false,
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});

// No scope is ticked beforehand: a token gets what was asked for.
ui.initOAuth({
  clientId: "scopegate-docs",
  usePkceWithAuthorizationCodeGrant: true,
});
