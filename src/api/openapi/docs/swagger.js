"use strict";

// Addresses are resolved against this script, so that the prefix of a proxy and
// a trailing slash of the page do no harm.
const here = document.currentScript.src;

// The style sheet styles what is inside of #api, not the page around it.
document.body.style.margin = "0";

const documentUrl = new URL("../openapi.json", here).href;

// The document knows the built-in scopes; those of the team are in the catalogue, and can be
// ticked as well.
const catalogue = fetch(new URL("../.well-known/oauth-authorization-server", here))
  .then((answer) => answer.json())
  .then(
    (metadata) => metadata.scopes_supported,
    () => [],
  );

async function withCatalogue(response) {
  if (response.url !== documentUrl) {
    return response;
  }
  const api = JSON.parse(response.text);
  for (const flow of Object.values(api.components.securitySchemes.scopegate.flows)) {
    for (const scope of await catalogue) {
      flow.scopes[scope] ??= "";
    }
  }
  response.text = JSON.stringify(api);
  return response;
}

const ui = SwaggerUIBundle({
  dom_id: "#api",
  url: documentUrl,
  responseInterceptor: withCatalogue,
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
