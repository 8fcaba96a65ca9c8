"use strict";

// The last step of the authorization code flow: the server has sent the popup
// here with a code or an error (RFC 6749 §4.1.2), which goes to the Swagger UI
// page that opened the popup. That page left what it waits for in
// `swaggerUIRedirectOauth2`.
const answer = new URLSearchParams(location.search);
// The code is for the opener alone, not for the history.
history.replaceState(null, "", location.pathname);

const waiting = openerWaiting();
if (waiting) {
  handOver(waiting);
  close();
} else {
  document.getElementById("message").textContent =
    "No API page waits for this answer. Close this window and authorize again from there.";
}

function openerWaiting() {
  try {
    return opener?.swaggerUIRedirectOauth2;
  } catch {
    // An opener of another origin cannot be read, and is not ours.
    return undefined;
  }
}

function handOver({ auth, state, redirectUrl, callback, errCb }) {
  const refuse = (message) =>
    errCb({ authId: auth.name, source: "auth", level: "error", message });

  // RFC 6749 §10.12: an answer to a question that the opener did not ask.
  if (answer.get("state") !== state) {
    refuse("The answer does not belong to this request (its state differs). Authorize again.");
    return;
  }
  if (answer.has("error")) {
    const reason = answer.get("error_description");
    refuse(reason ? `${answer.get("error")}: ${reason}` : answer.get("error"));
    return;
  }
  if (!answer.get("code")) {
    refuse("The answer holds neither a code nor an error.");
    return;
  }
  auth.code = answer.get("code");
  callback({ auth, redirectUrl });
}
