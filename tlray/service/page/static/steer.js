// Forms of schedules and templates: the zone of the browser, when a cron line runs, and what a template makes, while they are typed.

import "./kept.js";
import { setTime } from "./page.js";
import { plural, safe, write } from "./text.js";

const WAIT_MS = 250;
const zone = /** @type {HTMLInputElement|null} */ (document.querySelector("[data-zone-of-browser]"));
if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || zone.value;

const form = /** @type {HTMLFormElement|null} */ (document.querySelector("form[method=get][data-makes]"));
let waits = 0;
/** @type {AbortController|undefined} */
let asked;

/** @param {HTMLFormElement} of */
async function show(of) {
  asked?.abort();
  asked = new AbortController();
  const given = new URLSearchParams(/** @type {any} */ (new FormData(of)));
  try {
    const answer = await fetch(`${of.action}?${given}`, { headers: { Accept: "application/json" }, signal: asked.signal });
    if (!answer.ok) return;
    const made = await answer.json();
    const more = made.total > made.urls.length ? `, the first ${made.urls.length}:` : "";
    write(document.getElementById("made-total"), made.fault ? safe(made.fault) : plural(made.total, "URL") + more);
    document.getElementById("made-urls")?.replaceChildren(...made.urls.map((/** @type {string} */ url) => {
      const line = document.createElement("li");
      line.className = "free";
      line.textContent = safe(url);
      return line;
    }));
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError")) write(document.getElementById("made-total"), "The service does not answer.");
  }
}

// -- when a cron line runs ---------------------------------------------------------------------------

const when = document.getElementById("when");
const cron = /** @type {HTMLInputElement|null} */ (document.getElementById("cron"));
const zoneField = /** @type {HTMLInputElement|null} */ (document.getElementById("timezone"));

/** @type {AbortController|undefined} */
let askedWhen;

/** @param {HTMLElement} box */
async function showWhen(box) {
  askedWhen?.abort();
  askedWhen = new AbortController();
  const line = cron?.value.trim() ?? "";
  const words = document.getElementById("when-words");
  if (!line) { box.hidden = true; return; }
  try {
    const given = new URLSearchParams({ cron: line, timezone: zoneField?.value.trim() || "UTC" });
    const answer = await fetch(`${box.dataset.from}?${given}`, { headers: { Accept: "application/json" }, signal: askedWhen.signal });
    if (!answer.ok) return;
    const told = await answer.json();
    write(words, safe(told.fault || `${told.words}. Next runs, in its zone and yours:`));
    document.getElementById("when-runs")?.replaceChildren(...told.runs.map((/** @type {{at: number, theirs: string}} */ run) => {
      const entry = document.createElement("li");
      const yours = document.createElement("time");
      yours.dataset.day = "";
      entry.append(`${run.theirs} = `, yours);
      setTime(entry, run.at);
      return entry;
    }));
    box.hidden = false;
  } catch {
    // the next key, or the answer to the form, says it
  }
}

if (when) {
  let typing = 0;
  for (const field of [cron, zoneField]) field?.addEventListener("input", () => { clearTimeout(typing); typing = window.setTimeout(() => showWhen(when), WAIT_MS); });
  showWhen(when);
}

// -- what a template makes ---------------------------------------------------------------------------

form?.addEventListener("input", () => {
  clearTimeout(waits);
  waits = setTimeout(() => show(form), WAIT_MS);
});
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  show(form);
});
