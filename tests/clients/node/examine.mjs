// What every page has to be: accessible as far as axe-core can tell, whole on every screen, under a strict policy.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
// Colours alone differ from scheme to scheme, and room alone from screen to screen.
const OF_COLOURS = ["color-contrast", "link-in-text-block"];
const OF_ROOM = ["target-size", "scrollable-region-focusable"];
const LIGHT = { name: "light", colorScheme: "light", width: 1280 };
const SCREENS = [
  { ...LIGHT, rules: { type: "tag", values: TAGS } },
  { name: "dark", colorScheme: "dark", width: 1280, rules: { type: "rule", values: OF_COLOURS } },
  { name: "narrow", colorScheme: "light", width: 390, rules: { type: "rule", values: OF_ROOM } },
  { name: "wide", colorScheme: "dark", width: 2560, rules: { type: "rule", values: OF_ROOM } },
];

async function onScreen(page, { colorScheme, width }) {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: width < 1000 ? 844 : 900 });
}

// What sticks out of the screen, beside what stands in a box that scrolls by itself. A page that hides what sticks out hides it
// from people too.
function sticksOut() {
  const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
  const kept = (element) => element && element !== document.body && (scrolls(element) || kept(element.parentElement));
  const { width } = document.documentElement.getBoundingClientRect();
  const out = [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && box.right > width + 1 && !kept(element.parentElement);
  });
  const wider = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const shown = out.slice(0, 3).map((element) => element.outerHTML.slice(0, 160));
  return wider > 0 || out.length > 0 ? [`${wider} pixels too wide`, ...shown] : [];
}

async function violations(page, rules) {
  if (await page.evaluate(() => typeof window.axe === "undefined")) await page.evaluate(axe);
  const found = await page.evaluate(async (runOnly) => {
    const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html} (${node.failureSummary})`).join("; ")}`);
  }, rules);
  return found;
}

// The page's skeleton: one heading of the first level, a title, a language.
async function skeleton(page) {
  const found = await page.evaluate(() => ({
    headings: document.querySelectorAll("h1").length, title: document.title.trim(), language: document.documentElement.lang,
  }));
  const faults = found.headings === 1 ? [] : [`${found.headings} headings of the first level`];
  return found.title && found.language ? faults : [...faults, `title "${found.title}", language "${found.language}"`];
}

// Looks at the page that is open. `thorough`: on every screen and with all that axe-core knows; else whether it fits a narrow
// screen. `folder`: for pictures.
export async function examine(page, name, { thorough = true, folder = "" } = {}) {
  const faults = await skeleton(page);
  for (const screen of SCREENS) {
    if (!thorough && screen.name !== "narrow") continue;
    await onScreen(page, screen);
    faults.push(...(await page.evaluate(sticksOut)).map((what) => `${screen.name}: ${what}`));
    if (thorough) faults.push(...(await violations(page, screen.rules)).map((what) => `${screen.name}: ${what}`));
    if (thorough && folder) await page.screenshot({ path: `${folder}/${name}-${screen.name}.png`, fullPage: true });
  }
  await onScreen(page, LIGHT);
  return faults;
}

// The policy of a page's answer: nothing from elsewhere, no inline script or style, no eval.
export function policy(reply) {
  const text = reply.headers()["content-security-policy"] ?? "";
  const rules = new Map(text.split(";").map((rule) => rule.trim().split(/\s+/)).map(([name, ...sources]) => [name, sources]));
  const faults = [];
  if (rules.get("default-src")?.join() !== "'none'") faults.push(`default-src is not 'none': ${text}`);
  if (text.includes("unsafe-")) faults.push(`the policy allows what is unsafe: ${text}`);
  for (const [name, sources] of rules) {
    const known = name === "img-src" ? ["'self'", "'none'", "data:"] : ["'self'", "'none'"];
    const foreign = name === "sandbox" ? [] : sources.filter((source) => !known.includes(source));
    if (name.endsWith("-src") && foreign.length > 0) faults.push(`${name} allows ${foreign.join(" ")}`);
  }
  if (rules.get("base-uri")?.join() !== "'none'") faults.push(`base-uri is not 'none': ${text}`);
  if (!rules.has("frame-ancestors")) faults.push(`who may frame it is not said: ${text}`);
  return faults;
}

export function none(faults) {
  assert.deepEqual(faults, [], `\n${faults.join("\n")}`);
}
