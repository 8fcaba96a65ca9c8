"use strict";

// Addresses are resolved against this script, so that the prefix of a proxy and
// a trailing slash of the page do no harm.
const here = document.currentScript.src;

// The style sheet styles what is inside of #api, not the page around it.
document.body.style.margin = "0";

// As light or dark as the reader's system.
const dark = matchMedia("(prefers-color-scheme: dark)");
const followSystem = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followSystem);
followSystem();

const documentUrl = new URL("../openapi.json", here).href;

// The document knows the built-in scopes; those of the team are in the catalogue, and can be
// ticked as well.
const catalogue = fetch(new URL("../.well-known/oauth-authorization-server", here))
  .then((answer) => answer.json())
  .then(
    (metadata) => metadata.scopes_supported,
    () => [],
  );

// A token may have fewer scopes than were asked for: the page says which are missing.
const tokenUrl = new URL("../token", here).href;
const notice = document.getElementById("notice");
Object.assign(notice.style, {
  margin: 0,
  padding: "0.8rem 20px",
  background: "#fde68a",
  color: "#1f2937",
  font: "14px sans-serif",
});
let asked = [];

function rememberAsked(request) {
  if (new URL(request.url, here).href === tokenUrl) {
    asked = (new URLSearchParams(request.body).get("scope") ?? "").split(" ").filter(Boolean);
  }
  return request;
}

function sayDropped(response) {
  const granted = response.ok ? (response.obj.scope ?? "").split(" ") : asked;
  const dropped = asked.filter((scope) => !granted.includes(scope));
  notice.textContent = `Not granted, since you or the client may not hold it: ${dropped.join(", ")}`;
  notice.hidden = dropped.length === 0;
  return response;
}

async function inspect(response) {
  if (response.url === tokenUrl) {
    return sayDropped(response);
  }
  return response.url === documentUrl ? withCatalogue(response) : response;
}

async function withCatalogue(response) {
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
  requestInterceptor: rememberAsked,
  responseInterceptor: inspect,
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
