// An operator pauses and resumes the source, rebuilds a read model, verifies the log, and dismisses what cannot be accepted.
//
//     node operator.mjs '{… as flow.mjs has it}'      (a replica that follows its source live and has something in quarantine)

import assert from "node:assert/strict";
import { flow, until, words } from "./flow.mjs";

const { base, isScripted } = words;

// Another window, which shows the status and is never touched: it changes by itself, in place where it has a script.
async function wall(page) {
  const other = await page.context().newPage();
  await other.goto(`${base}/console/status`);
  const sentence = other.locator(".sentence");
  await sentence.getByText(/^Following live/).waitFor();
  if (isScripted) await other.evaluate(() => { window.isTheSame = true; });
  const shows = (text) => sentence.getByText(text).waitFor();
  return { other, shows };
}

async function source({ page, go, says, button, picture }) {
  await go("Status");
  await picture("status");
  const { other, shows } = await wall(page);
  await go("Operations");
  await picture("source");
  await page.getByLabel("Reason").fill("the broker is moved");
  await button("Pause").click();
  await says("The source is paused.");
  await says("the broker is moved");
  await picture("paused", true);
  await shows(/^Reading was paused by an operator at .*; serving what was known at /);
  if (isScripted) assert(await other.evaluate(() => window.isTheSame), "the page was loaded anew");
  await go("Status");
  await picture("status-paused", true);
  await go("Operations");
  await page.getByLabel("Reason").fill("the broker has moved");
  await button("Resume").click();
  await says("The source is read again.");
  if (isScripted) await shows(/^Following live/);
  await other.close();
  await go("Status");
  await until("it is followed again", async () => {
    await page.reload();
    return (await page.locator(".sentence").innerText()).startsWith("Following live");
  });
}

const tabs = (page) => page.getByRole("navigation", { name: "Parts of the replica" });

// Pages look again by themselves while something is under way, without a script too.
async function rebuild({ page, go, says, picture }) {
  await go("Operations");
  await go("Read models", tabs(page));
  await page.getByRole("button", { name: /^Rebuild\s*: tasks$/ }).click();
  await says("Rebuild of tasks");
  await picture("rebuilding");
  await says("It is the same as before");
  await picture("rebuilt", true);
}

// A faulty program left two builds of the tasks, and serves its own.
async function builds({ page, go, says, button, section, picture }) {
  await go("Operations");
  await go("Read models", tabs(page));
  await says("A rebuild ended in other rows; two builds are kept.");
  await picture("two-builds");
  await page.getByRole("link", { name: /^Choose a build\s*: tasks$/ }).click();
  await page.getByRole("heading", { name: "Two builds of tasks" }).waitFor();
  await picture("builds", true);
  await button("Serve the kept build").click();
  await says("The build that was kept is served now");
  await picture("rolled-back", true);
  for (const [typed, outcome] of [["task", "Type it as it stands above"], ["tasks", "The build that was kept is removed."]]) {
    await section("Remove the kept build").getByLabel("Type its name to confirm").fill(typed);
    await button("Remove the kept build").click();
    await says(outcome);
    await picture(typed === "tasks" ? "discarded" : "not-discarded", true);
  }
}

async function scrub({ page, go, says, button, picture }) {
  await go("Files", tabs(page));
  await button("Hash all stored files now").click();
  await says("Hashing all stored files");
  await says(/^Good: \d+\. Damaged, and fetched again: 0\./);
  await picture("scrubbed", true);
}

async function verify({ page, go, says, picture }) {
  await go("Logs", tabs(page));
  await page.getByRole("button", { name: /^Verify\s*: Replica log$/ }).click();
  await says("It is whole");
  await picture("verified", true);
}

async function backUp({ page, go, says, button, picture }) {
  await go("Backups", tabs(page));
  await says("There is no backup in this directory.");
  await button("Back up now").click();
  await says("It is made: log up to position");
  await says("Nobody has tried to restore a backup from this directory.");
  await picture("backed-up", true);
  await button("Try a restore").click();
  await says("It is good:");
  await picture("restored-for-a-trial", true);
}

const waiting = async (page) => Number((await page.getByText(/^Waiting: \d+$/).innerText()).match(/\d+/)[0]);

async function quarantine({ page, go, says, button, section, picture }) {
  await go("Quarantine", tabs(page));
  const before = await waiting(page);
  assert(before > 0);
  await picture("quarantine");
  const link = page.getByRole("table").first().getByRole("row").filter({ hasText: "waits" }).getByRole("link").first();
  const position = await link.innerText();
  await link.click();
  await page.getByRole("heading", { name: `Quarantined event ${position}` }).waitFor();
  assert((await page.getByRole("region", { name: "As text" }).innerText()).length > 10);
  assert.match(await page.getByRole("region", { name: "As digits" }).innerText(), /^00000000 {2}[0-9a-f]{2} /);
  await picture("quarantined");
  const form = section("Dismiss");
  for (const [typed, outcome] of [["12345678", "Type it as it stands above"], [position, "The event waits no more."]]) {
    await form.getByLabel("Reason").fill("sent again as it should be");
    await form.getByLabel("Type its log position to confirm").fill(typed);
    await button("Dismiss").click();
    await says(outcome);
    await picture(typed === position ? "dismissed" : "not-dismissed", true);
  }
  await go("Quarantine", tabs(page));
  assert.equal(await waiting(page), before - 1);
}

// Where something was typed wrong, the browser itself complains of the status.
await flow("operator", async (hands) => {
  for (const part of [source, builds, rebuild, scrub, verify, backUp, quarantine]) await part(hands);
}, /the server responded with a status of 422/);
