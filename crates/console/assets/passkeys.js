// Passkeys: asks this server what the browser is to be asked for, asks the browser, and sends its answer as a form.
//
// Each form with data-passkey ("get" or "create") is shown only where this can work, and names in data-options where to ask.

const base64url = {
  decode(text) {
    const padded = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(padded), (character) => character.charCodeAt(0)).buffer;
  },
  encode(buffer) {
    const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  },
};

// The server's JSON as what the browser's interface takes: texts that stand for bytes become bytes.
function forBrowser(options) {
  const key = { ...options.publicKey, challenge: base64url.decode(options.publicKey.challenge) };
  const described = (list) => list.map((one) => ({ ...one, id: base64url.decode(one.id) }));
  if (key.user) key.user = { ...key.user, id: base64url.decode(key.user.id) };
  if (key.allowCredentials) key.allowCredentials = described(key.allowCredentials);
  if (key.excludeCredentials) key.excludeCredentials = described(key.excludeCredentials);
  return { publicKey: key };
}

// The browser's answer as JSON.
function forServer(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: base64url.encode(response.clientDataJSON) };
  if (response.attestationObject) {
    answer.attestationObject = base64url.encode(response.attestationObject);
    answer.transports = response.getTransports ? response.getTransports() : [];
  } else {
    answer.authenticatorData = base64url.encode(response.authenticatorData);
    answer.signature = base64url.encode(response.signature);
    answer.userHandle = response.userHandle ? base64url.encode(response.userHandle) : null;
  }
  return JSON.stringify({
    id: credential.id,
    rawId: base64url.encode(credential.rawId),
    type: credential.type,
    response: answer,
    extensions: credential.getClientExtensionResults(),
  });
}

class Refused extends Error {}

async function ask(form) {
  const body = new URLSearchParams(new FormData(form));
  const reply = await fetch(form.dataset.options, { method: "POST", body, headers: { Accept: "application/json" } });
  const isJson = (reply.headers.get("content-type") ?? "").startsWith("application/json");
  const told = isJson ? await reply.json() : {};
  if (!reply.ok || !told.options) throw new Refused(told.error ?? form.dataset.failed);
  const options = forBrowser(told.options);
  const create = form.dataset.passkey === "create";
  const credential = await (create ? navigator.credentials.create(options) : navigator.credentials.get(options));
  form.elements.handle.value = told.handle;
  form.elements.answer.value = forServer(credential);
}

function explain(form, error) {
  const { cancelled, failed } = form.dataset;
  const text = error instanceof Refused ? error.message : error.name === "NotAllowedError" ? cancelled : failed;
  const place = form.querySelector("[data-message]");
  place.textContent = text;
  place.hidden = false;
}

for (const form of window.PublicKeyCredential ? document.querySelectorAll("form[data-passkey]") : []) {
  const button = form.querySelector("button");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    form.querySelector("[data-message]").hidden = true;
    button.disabled = true;
    try {
      await ask(form);
      form.submit();
    } catch (error) {
      explain(form, error);
      button.disabled = false;
    }
  });
}
for (const separator of window.PublicKeyCredential ? document.querySelectorAll("[data-with-passkeys]") : []) {
  separator.hidden = false;
}
