// Domains: how they stand, every 5 s while the page is seen. Rows keep their places.

import { poll, root } from "./api.js";
import { set } from "./head.js";
import { setTime, toast } from "./page.js";
import { number, safe, write } from "./text.js";

const POLL_MS = 5000;
const rows = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-domain]"));
let isSaid = false;

/** @param {HTMLElement} row @param {any} now */
function show(row, now) {
  const at = (/** @type {string} */ name) => row.querySelector(`[data-f="${name}"]`);
  const state = at("state");
  const use = state?.querySelector("use");
  if (state && use) {
    state.className = `state t-${now.tone}`;
    set(use, "href", `${use.getAttribute("href")?.split("#")[0]}#${now.glyph}`);
    write(state.querySelector("span"), now.word);
  }
  for (const name of ["sentence", "rate_text"]) write(at(name), safe(now[name]));
  write(at("why"), (now.cooling_until && now.why ? "· " : "") + safe(now.why));
  for (const name of ["open", "in_flight"]) write(at(name), number(now[name]));
  const lift = at("lift");
  if (lift instanceof HTMLElement) lift.hidden = !now.cooling_until;
  const until = at("until");
  if (until && now.cooling_until && until.querySelector("time")) setTime(until, now.cooling_until, true);
  else if (until) until.replaceChildren();
  if (until && now.cooling_until && !until.firstChild) {
    until.append("until ");
    setTime(until, now.cooling_until, true);
    until.append(" ");
  }
}

/** @param {Record<string, any>} found */
function take(found) {
  for (const row of rows) {
    const now = found[row.dataset.domain ?? ""];
    if (!now) continue;
    show(row, now);
    if (String(now.paused) === row.dataset.paused || isSaid) continue;
    isSaid = true;
    toast(`${safe(row.dataset.domain)} was ${now.paused ? "paused" : "resumed"}.`, { label: "Show", act: () => location.reload(), forMs: 0 });
  }
}

const depth = new URL(root, location.href).pathname.length;
if (rows.length) poll((location.pathname + location.search).slice(depth), POLL_MS, take);
