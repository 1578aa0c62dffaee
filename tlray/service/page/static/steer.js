// Forms of schedules and templates: the zone of the browser, and what a template makes while its values are typed.

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

form?.addEventListener("input", () => {
  clearTimeout(waits);
  waits = setTimeout(() => show(form), WAIT_MS);
});
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  show(form);
});
