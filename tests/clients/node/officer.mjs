// A loan officer goes on working while the platform is away.
//
//     node officer.mjs '{… as flow.mjs has it, "python", "reference": of a loan with a sensitive form and a file that is shown}'

import assert from "node:assert/strict";
import { checkZip, download, flow, hash, until, words } from "./flow.mjs";

const { base, reference, isScripted } = words;

async function status({ page, go, picture }) {
  await go("Status");
  const sentence = await page.locator(".sentence").innerText();
  assert.match(sentence, /^Cloud cut off since .*; serving what was known at /);
  await picture("status");
}

const found = (page) => page.getByRole("table").getByRole("row").filter({ has: page.getByRole("link") });

async function search(page, text) {
  await page.getByRole("searchbox", { name: "Search" }).fill(text);
  await page.getByRole("button", { name: "Search" }).first().click();
  await page.waitForURL((url) => url.searchParams.get("q") === text);
}

async function list({ page, go, says, picture }) {
  await go("Loan requests");
  await says("The platform cannot be reached: what was known last is shown");
  await picture("list");
  const first = await found(page).getByRole("link").allInnerTexts();
  await page.getByRole("link", { name: "Next page" }).click();
  await page.getByRole("link", { name: "First page" }).waitFor();
  const second = await found(page).getByRole("link").allInnerTexts();
  assert(second.length > 0 && !second.some((one) => first.includes(one)), `${first} and then ${second}`);
  await picture("second-page");
  // One of the people of some loan, by the beginning of the name.
  const name = (await found(page).first().getByRole("cell").nth(1).innerText()).match(/\p{L}{3,}/u)[0];
  await search(page, name.toLowerCase());
  const rows = await found(page).allInnerTexts();
  assert(rows.length > 0 && rows.every((row) => row.toLowerCase().includes(name.toLowerCase())), rows.join("\n"));
  await picture("searched");
}

async function filter({ page, go, picture }) {
  await go("Loan requests");
  const state = await found(page).first().locator(".chip").innerText();
  await page.getByText("Filters and order").click();
  await page.getByRole("group", { name: "Status" }).getByLabel(state, { exact: true }).check();
  await page.getByRole("button", { name: "Search" }).last().click();
  await page.waitForURL((url) => url.searchParams.has("status"));
  const states = await found(page).locator(".chip").allInnerTexts();
  assert(states.length > 0 && states.every((one) => one === state), `${state}: ${states}`);
  await picture("filtered");
}

const tabs = (page) => page.getByRole("navigation", { name: "Parts of this loan" });

async function loan({ page, go, says, picture }) {
  await go("Loan requests");
  await search(page, reference);
  await page.getByRole("link", { name: reference }).click();
  const names = await tabs(page).getByRole("link").allInnerTexts();
  assert(names.length >= 12, names.join());
  for (const name of names) {
    await go(name, tabs(page));
    await page.getByRole("heading", { name: reference, level: 1 }).waitFor();
    await says("The platform cannot be reached: what was known last is shown");
    await picture(`tab-${name.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`);
  }
}

async function sensitive({ page, go, says, button, picture }) {
  await go("Tasks and forms", tabs(page));
  const sensitive = page.getByRole("listitem").filter({ has: page.getByText("Sensitive", { exact: true }) });
  await sensitive.filter({ hasText: /Form · / }).filter({ hasText: "Completed" }).getByRole("link").first().click();
  await says("If you open it, this read is recorded in your name");
  await picture("sensitive");
  await button("Open it; record that I read it").click();
  await says("This read was recorded in your name.");
  await picture("sensitive-opened", true);
}

// Chromium draws PDF files in a process of their own, by a script of its own. A blank frame is a small picture.
async function isDrawn(page) {
  const frame = page.locator("iframe");
  await frame.waitFor();
  if (isScripted) await until("the file is drawn", async () => (await frame.screenshot()).length > 20_000);
}

async function documents({ page, go, says, picture }) {
  await go("Documents", tabs(page));
  const preview = page.getByRole("link", { name: /^Preview: / }).first();
  const name = (await preview.getAttribute("aria-label")).replace("Preview: ", "");
  const shown = page.waitForResponse((reply) => reply.url().endsWith("/shown"));
  await preview.click();
  assert.equal((await shown).status(), 200);
  await page.getByRole("heading", { name, level: 2 }).waitFor();
  await isDrawn(page);
  await picture("preview");
  await page.getByRole("link", { name: "Back to the documents" }).click();
  const entry = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) }).first();
  await entry.getByText("More about the file").click();
  const told = await entry.getByText(/^[0-9a-f]{64}$/).first().innerText();
  await picture("document");
  const { bytes } = await download(page, entry.getByRole("link", { name: `Download: ${name}` }));
  assert(bytes.length > 100);
  assert.equal(hash(bytes), told, "the file is not the one that the page tells of");
  await says("What you read here is counted");
}

async function comparesWithSlider(page) {
  const slider = page.getByRole("slider", { name: "Move through the history" });
  const heading = page.locator("#between");
  await slider.press("Home");
  await heading.waitFor();
  const oldest = await heading.innerText();
  await slider.press("ArrowRight");
  await heading.filter({ hasNotText: oldest }).waitFor();
  // What is shown has an address, as without the script.
  assert(new URL(page.url()).searchParams.get("from"));
}

async function comparesWithForm(page) {
  const from = page.getByLabel("From", { exact: true });
  await from.selectOption({ index: (await from.locator("option").count()) - 1 });
  await page.getByRole("button", { name: "Show what changed" }).first().click();
  await page.locator("#between").waitFor();
}

async function history({ page, go, says, picture }) {
  await go("History", tabs(page));
  await (isScripted ? comparesWithSlider(page) : comparesWithForm(page));
  const rows = page.locator("#differences").getByRole("row");
  assert((await rows.count()) > 1, "nothing differs");
  await picture("differences", true);
  await page.getByRole("link", { name: "The loan request at the first point" }).click();
  await says("As of an earlier point");
  await picture("earlier");
  await page.getByRole("link", { name: "Show as it is now" }).click();
  await page.getByText("As of an earlier point").waitFor({ state: "detached" });
}

async function dossier({ page, go, button, picture }) {
  await go("Dossier", tabs(page));
  await page.getByLabel("With sensitive documents and forms").check();
  await picture("dossier");
  const { name, path } = await download(page, button("Make and download"));
  assert.match(name, /\.zip$/);
  assert(checkZip(path) > 10);
}

async function work({ page, go, picture }) {
  await go("Work lists");
  const lists = page.getByRole("navigation", { name: "Lists" });
  for (const name of await lists.getByRole("link").allInnerTexts()) {
    await go(name, lists);
    if (name === "Unanswered messages") {
      await page.getByRole("columnheader", { name: "Waiting since" }).waitFor();
    } else {
      await page.getByLabel("Days ahead").fill("3650");
      await page.getByRole("button", { name: "Show" }).click();
      await page.waitForURL((url) => url.searchParams.get("within") === "3650");
      await page.getByText(/due until .*as far as this replica knows|there is more on the next page/).waitFor();
    }
    await picture(`work-${name.toLowerCase().replaceAll(" ", "-")}`);
  }
  await go("Tasks", lists);
  await found(page).first().getByRole("link").click();
  await page.waitForURL((url) => url.href.startsWith(`${base}/console/loans/`));
}

await flow("officer", async (hands) => {
  for (const part of [status, list, filter, loan, sensitive, documents, history, dossier, work]) await part(hands);
});
