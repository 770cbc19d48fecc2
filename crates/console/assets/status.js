// The page on the wall: says so when it is no longer fresh, keeps open what somebody opened, and tells a screen reader
// when the state changes, not each time that a number does.
"use strict";

const region = document.getElementById("now");
const lost = document.getElementById("lost");
const said = document.getElementById("said");
// Two refreshes that did not come, and a third that is late.
const LONGEST = 15_000;
let fresh = Date.now();
let failed = false;

function kind() {
  return region.querySelector(".verdict")?.dataset.kind;
}

function mark() {
  const isLost = failed || Date.now() - fresh > LONGEST;
  if (lost.hidden !== isLost) return;
  lost.hidden = !isLost;
  region.classList.toggle("old", isLost);
  if (!isLost) said.textContent = said.dataset.again;
}

let opened = [];
let before = kind();
region.addEventListener("htmx:beforeSwap", () => {
  opened = [...region.querySelectorAll("details[open]")].map((details) => details.id);
  before = kind();
});
region.addEventListener("htmx:afterSwap", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  fresh = Date.now();
  failed = false;
  mark();
  if (kind() !== before) said.textContent = region.querySelector(".sentence").textContent;
});
for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  region.addEventListener(failure, () => {
    failed = true;
    mark();
  });
}
// What comes from the browser's memory, or was asleep, is as old as it is.
setInterval(mark, 1_000);
