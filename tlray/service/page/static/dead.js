// Dead letters: a retry of one stays on the page; that of a group says both numbers.

import { call } from "./api.js";
import { openDialog, toast } from "./page.js";
import { number } from "./text.js";

/** @type {HTMLButtonElement|null} */ let leaving = null; // the one whose answer leads to another page

/** @param {FormData} data @param {string} name */
const text = (data, name) => String(data.get(name) ?? "");

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!("letter" in form.dataset || "group" in form.dataset || "marked" in form.dataset)) return;
  event.preventDefault();
  const sure = /** @type {HTMLDialogElement|null} */ (document.getElementById("sure"));
  if ("group" in form.dataset && sure && !("sure" in /** @type {HTMLElement} */ (event.submitter).dataset)) return openDialog("sure");
  sure?.close();
  const button = /** @type {HTMLButtonElement|null} */ ("marked" in form.dataset ? event.submitter : form.querySelector("button:not([form])"));
  if (button) button.disabled = true;
  const data = new FormData(form);
  try {
    if ("marked" in form.dataset) return await retryMarked(/** @type {string[]} */ (data.getAll("marked")));
    if ("letter" in form.dataset) {
      const told = await call(`batch/${text(data, "batch")}/retry`, { method: "POST", json: { item_ids: [text(data, "item")] } });
      leave([form.closest("li")]);
      toast(told.n_retried ? "Queued again." : "It was queued already by somebody else.");
      return;
    }
    const wanted = Number(button?.dataset.n);
    const batch = text(data, "batch");
    const group = { kind: text(data, "kind"), domain: text(data, "domain"), up_to_version: Number(text(data, "seen")) };
    const told = await call(batch ? `batch/${batch}/retry` : "dead-letters/retry", { method: "POST", json: group });
    const rest = wanted - told.n_retried;
    sessionStorage.setItem("tlray-said", `Queued ${number(told.n_retried)} of ${number(wanted)} again${rest > 0 ? `; ${number(rest)} were queued already, or their batch is cancelled` : ""}${told.n_left ? `; ${number(told.n_left)} died since and stay` : ""}.`);
    const back = new URL(location.href);
    back.search = batch ? `?batch=${encodeURIComponent(batch)}` : "";
    leaving = button;
    location.assign(back);
  } catch (error) {
    toast(/** @type {Error} */ (error).message);
  } finally {
    if (button) button.disabled = button === leaving;
  }
});
addEventListener("pageshow", () => { // by Back
  if (leaving) leaving.disabled = false;
  leaving = null;
});

/** Take letters out of the list; the focus goes to the next one that stays, unless it is elsewhere by now. @param {(HTMLElement|null)[]} lines */
function leave(lines) {
  const here = document.activeElement;
  const isHere = !here || here === document.body || here.matches(":disabled") || lines.some((line) => line?.contains(here));
  const next = lines.at(-1)?.nextElementSibling?.querySelector("[data-row]") ?? document.getElementById("letters");
  for (const line of lines) line?.remove();
  if (isHere) /** @type {HTMLElement|null} */ (next)?.focus();
  countMarked();
}

/** @param {string[]} marked batch/item */
async function retryMarked(marked) {
  let n = 0;
  for (const batch of new Set(marked.map((one) => one.split("/")[0] ?? ""))) {
    const ids = marked.filter((one) => one.startsWith(`${batch}/`)).map((one) => one.split("/")[1]);
    n += (await call(`batch/${batch}/retry`, { method: "POST", json: { item_ids: ids } })).n_retried;
  }
  leave(boxes().filter((box) => marked.includes(box.value)).map((box) => box.closest("li"))); // others may have been marked since
  const rest = marked.length - n;
  toast(`Queued ${number(n)} of ${number(marked.length)} again${rest ? `; ${number(rest)} were queued already by somebody else` : ""}.`);
}

/** @returns {HTMLInputElement[]} */
const boxes = () => [...document.querySelectorAll("input[name=marked]")].map((box) => /** @type {HTMLInputElement} */ (box));

function countMarked() {
  const n = boxes().filter((box) => box.checked).length;
  const words = n ? document.createElement("b") : document.createElement("span");
  words.textContent = n ? `Retry ${number(n)} marked` : "Retry those marked";
  document.querySelector("#retry-marked > :last-child")?.replaceWith(words);
}

document.addEventListener("change", (event) => { if (/** @type {HTMLInputElement} */ (event.target).name === "marked") countMarked(); });
countMarked(); // Back keeps the marks

const said = sessionStorage.getItem("tlray-said");
if (said) {
  sessionStorage.removeItem("tlray-said");
  toast(said, { forMs: 9000 });
}
