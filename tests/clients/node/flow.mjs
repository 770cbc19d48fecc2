// What flows of people share: a person who is signed in and clicks, with JavaScript or without, and a picture of every step.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { button, launch, open, signIn } from "./chromium.mjs";
import { examine, none } from "./examine.mjs";

// What the program of a flow is told: base, email, link, isScripted, folder (for pictures, or ""), and more of its own.
export const words = JSON.parse(process.argv[2]);

const { base, email, link, isScripted, folder } = words;
// How long anything may take that has to happen in the end.
const LIMIT = 120_000;

export const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

// Asks until the answer is true: for what no page tells by itself.
export async function until(what, ask) {
  for (const end = Date.now() + LIMIT; !(await ask()); await sleep(250)) {
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
  }
}

// Clicks what downloads a file, and gives its name and bytes.
export async function download(page, link) {
  const [file] = await Promise.all([page.waitForEvent("download"), link.click()]);
  const path = await file.path();
  return { name: file.suggestedFilename(), path, bytes: readFileSync(path) };
}

// A ZIP that another program opens; each file of it has the hash that its own list names.
export function checkZip(path) {
  const program = `
import hashlib, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
names = {name.split("/", 1)[-1]: name for name in archive.namelist()} | {name: name for name in archive.namelist()}
lists = [name for name in archive.namelist() if name.endswith("SHA256SUMS")]
lines = archive.read(lists[0]).decode().splitlines()
for line in lines:
    digest, name = line.split(maxsplit=1)
    assert hashlib.sha256(archive.read(names[name.lstrip("*")])).hexdigest() == digest, name
print(len(lines))`;
  return Number(execFileSync(words.python, ["-c", program, path], { encoding: "utf8" }));
}

// The person's page, and how to get about on it. `picture`: looks at the page that is open and keeps it; `thorough` where no
// link leads to it, so that nothing else looks.
function hands(page, name, complaints) {
  let steps = 0;
  const says = (text) => page.getByText(text).first().waitFor();
  return {
    page,
    says,
    button: (label) => button(page, label),
    section: (label) => page.getByRole("region", { name: label }),
    // The way to a place is in the head of every page, or among the tabs.
    async go(label, within = page.locator("header")) {
      await within.getByRole("link", { name: label, exact: true }).click();
      await page.locator("a[aria-current]").getByText(label, { exact: true }).waitFor();
    },
    async picture(what, thorough = false) {
      const file = `flow-${name}-${isScripted ? "script" : "plain"}-${String(++steps).padStart(2, "0")}-${what}`;
      if (isScripted) complaints.push(...(await examine(page, file, { thorough })).map((fault) => `${what}: ${fault}`));
      if (folder) await page.screenshot({ path: `${folder}/${file}.png`, fullPage: true });
    },
  };
}

// Signs in, does `steps`, and signs out. Nothing is complained of but what matches `expected`.
export async function flow(name, steps, expected = /^$/) {
  const browser = await launch(base);
  const complaints = [];
  const page = await open(browser, base, complaints, { javaScriptEnabled: isScripted });
  page.context().setDefaultTimeout(LIMIT);
  page.setDefaultTimeout(LIMIT);
  try {
    await signIn(page, base, link, email);
    await steps(hands(page, name, complaints));
    await button(page, "Sign out").click();
    await page.getByText("You are signed out.").waitFor();
  } catch (error) {
    const shown = await page.locator("main").innerText().catch(() => "nothing");
    throw new Error(`at ${page.url()}, which shows: ${shown}\n${complaints.join("\n")}`, { cause: error });
  } finally {
    await browser.close();
  }
  none(complaints.filter((text) => !expected.test(text)));
  console.log("all of it was done");
}
