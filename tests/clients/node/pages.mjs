// Every page of the console as far as each of several people gets: accessible, whole on every screen, under a strict policy,
// without a complaint of the browser and without a request to anywhere else.
//
//     node pages.mjs '{"base": …, "folder": for pictures or "", "people": [{"who", "email", "link", "seeds": […]}, …]}'

import { launch, open, signIn } from "./chromium.mjs";
import { crawl, shape } from "./crawl.mjs";
import { examine, none, policy } from "./examine.mjs";

const { base, folder, people } = JSON.parse(process.argv[2]);
const browser = await launch(base);
const faults = [];
// axe-core is told of each shape once, whoever gets there first.
const known = new Set();

async function look(page, who, { path, shape: of, reply }) {
  const isNew = !known.has(of);
  known.add(of);
  const name = of.replaceAll(/[^a-z*-]+/g, "_").replaceAll("*", "one");
  const found = [...policy(reply), ...(await examine(page, `page${name}`, { thorough: isNew, folder }))];
  faults.push(...found.map((fault) => `${who} at ${path}: ${fault}`));
}

// What people see who are not signed in; where nothing is, the browser itself complains of the status.
async function signedOut() {
  const complaints = [];
  const page = await open(browser, base, complaints);
  for (const [path, status] of [["/console/sign-in", 200], ["/console/link/unknown", 404], ["/console/nothing", 404]]) {
    const reply = await page.goto(base + path);
    if (reply.status() !== status) faults.push(`${path} answers ${reply.status()}`);
    await look(page, "nobody", { path, shape: shape(path), reply });
  }
  faults.push(...complaints.filter((text) => !/the server responded with a status of 404/.test(text)));
  await page.context().close();
}

async function person({ who, email, link, seeds }) {
  const complaints = [];
  const page = await open(browser, base, complaints);
  await signIn(page, base, link, email);
  const shapes = await crawl(page, base, ["/console", "/console/account", ...seeds], async (one) => {
    if (one.reply.status() !== 200) faults.push(`${who}: a link leads to ${one.path}, which answers ${one.reply.status()}`);
    await look(page, who, one);
  }, { many: seeds.length > 0 ? 3 : 1 });
  faults.push(...complaints.map((text) => `${who}: ${text}`));
  console.log(`${who}: ${[...shapes.keys()].sort().join(" ")}`);
  await page.context().close();
}

// A page with everything wrong: what finds nothing here finds nothing anywhere.
async function planted() {
  const complaints = [];
  const page = await open(browser, base, complaints);
  const policyOf = "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src https://example.com; base-uri 'self'";
  const body = `<!DOCTYPE html><html><h1>One</h1><h1>Two</h1><img src="https://example.com/a.png"><p style="color:#888">pale</p>
    <div><br></div><table width="3000"><tr><td>wide</table><script>__fired(1)</script><svg onload="alert(2)"></svg></html>`;
  await page.route(`${base}/console/planted`, (route) =>
    route.fulfill({ contentType: "text/html", headers: { "content-security-policy": policyOf }, body }));
  const reply = await page.goto(`${base}/console/planted`);
  const found = [...policy(reply), ...(await examine(page, "planted")), ...complaints].join("\n");
  for (const fault of ["default-src is not", "allows what is unsafe", "style-src allows", "base-uri is not", "who may frame it",
    "2 headings", 'title ""', "light: image-alt", "narrow: 2", "wide: 4", "asks https://example.com", "the policy stopped script-src"]) {
    if (!found.includes(fault)) faults.push(`a planted fault was not found: ${fault}\n${found}`);
  }
  await page.context().close();
}

try {
  await planted();
  await signedOut();
  for (const one of people) await person(one);
} finally {
  await browser.close();
}
none(faults);
