// Visits every page of a replica whose texts are all hostile, types such texts into every form of the settings, and visits those
// pages again: nothing runs, nothing is added to a page by a text, and the texts are seen as texts.
//
//     node hostile.mjs FILE       (JSON: base, email, link, seeds: paths, typed: texts for fields of forms)

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { button, launch, open, signIn } from "./chromium.mjs";
import { crawl } from "./crawl.mjs";
import { none } from "./examine.mjs";

const { base, email, link, seeds, typed } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const browser = await launch(base);
const complaints = [];
// What a browser says that it is gets onto pages too: sessions name it.
const page = await open(browser, base, complaints, { userAgent: typed[0] });
const seen = new Set();
const next = () => typed[(next.count = (next.count ?? -1) + 1) % typed.length];

// What no template of the console makes, and which therefore came out of a text; and which texts are seen.
function found() {
  const faults = [];
  const own = ["http:", "https:", "data:", "blob:", "mailto:", "tel:", "otpauth:"];
  for (const element of document.querySelectorAll("*")) {
    const bad = [...element.attributes].filter(({ name, value }) =>
      /^on|^style$|^srcdoc$|^(data-)?hx-on/.test(name) ||
      (/^(href|src|action|formaction|data|xlink:href)$/.test(name) && URL.canParse(value, location.href) && !own.includes(new URL(value, location.href).protocol)));
    const isForeign = element.matches("script:not([src]), style, base, object, embed, meta[http-equiv], marquee, details[ontoggle], math, template script");
    if (isForeign || bad.length > 0) faults.push(element.outerHTML.slice(0, 200));
  }
  const fields = [...document.querySelectorAll("input, textarea")].map((field) => field.value);
  const texts = [document.body.textContent, ...fields].join("\n");
  return { faults, seen: [...texts.matchAll(/__fired\((\d+)\)/g)].map((match) => match[1]) };
}

async function look(path) {
  const { faults, seen: numbers } = await page.evaluate(found);
  complaints.push(...faults.map((fault) => `${path}: a text became ${fault}`));
  for (const number of numbers) seen.add(number);
}

async function visitAll() {
  // The pages of the API are its own and are built by scripts; they are visited all the same.
  const shapes = await crawl(page, base, seeds, ({ path }) => (path.startsWith("/console") ? look(path) : undefined));
  console.log([...shapes.keys()].sort().join(" "));
}

// Fills every field for text of the form that the button is in, ticks what `ticks` names, and sends it.
async function send(path, name, ticks, more = {}) {
  await page.goto(base + path);
  const form = page.locator("form").filter({ has: button(page, name) });
  for (const field of await form.locator("input[type=text], input:not([type]), textarea").all()) {
    const key = await field.getAttribute("name");
    if (!["name", "description", "reason"].includes(key)) continue;
    await field.fill(next());
  }
  for (const tick of ticks) await form.locator(`input[value="${tick}"]`).first().check();
  for (const [key, value] of Object.entries(more)) await form.locator(`[name=${key}]`).fill(value);
  await button(page, name).click();
  await page.waitForLoadState();
  await look(path);
}

// Clients, people, applications and keys with hostile names, descriptions and reasons.
async function typeAll() {
  for (let round = 0; round < 6; round++) {
    await send("/console/settings/clients/new", "Create client", ["loans:read"]);
    await send("/console/settings/people/new", "Create account", ["viewer"], { email: `x${round}@bank.example` });
    await send("/console/settings/applications/new", "Register", ["loans:read", "server"], { redirectUris: "https://a.example/c" });
  }
  await send("/console/settings/keys", "Rotate", []);
}

// A page into which texts got as they are: what sees nothing here sees nothing anywhere.
async function planted() {
  const body = `<title>x</title><a href="javascript:__fired(1)">a</a><p onclick=x>b</p><script>alert(2)</script><img src=x onerror=__fired(3)>`;
  await page.route(`${base}/console/planted`, (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto(`${base}/console/planted`);
  const { faults } = await page.evaluate(found);
  assert.equal(faults.length, 4, faults.join());
  for (const sign of ["a foreign script ran: 3", "a dialog: 2"]) assert(complaints.some((text) => text.includes(sign)), sign);
  complaints.length = 0;
}

try {
  await planted();
  await signIn(page, base, link, email);
  await visitAll();
  const before = seen.size;
  await typeAll();
  await visitAll();
  assert(before >= 10 && seen.size > before, `texts that were seen: ${before}, then ${seen.size}`);
} finally {
  await browser.close();
}
// A frame that keeps a file's script from running says so, and so does the browser where a form is refused for what it says, and
// where an older version of a document is not here.
const expected = /document's frame is sandboxed|responded with a status of 4(09|22)|\/file\S*: .*responded with a status of 503/;
none(complaints.filter((text) => !expected.test(text)));
console.log("nothing ran");
