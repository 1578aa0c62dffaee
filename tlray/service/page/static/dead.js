// Dead letters: a retry of one stays on the page; that of a group says both numbers.

import { call } from "./api.js";
import { openDialog, toast } from "./page.js";
import { number } from "./text.js";

/** @param {FormData} data @param {string} name */
const text = (data, name) => String(data.get(name) ?? "");

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!("letter" in form.dataset || "group" in form.dataset)) return;
  event.preventDefault();
  const sure = /** @type {HTMLDialogElement|null} */ (document.getElementById("sure"));
  if ("group" in form.dataset && sure && !("sure" in /** @type {HTMLElement} */ (event.submitter).dataset)) return openDialog("sure");
  sure?.close();
  const button = form.querySelector("button");
  if (button) button.disabled = true;
  const data = new FormData(form);
  try {
    if ("letter" in form.dataset) {
      const told = await call(`batch/${text(data, "batch")}/retry`, { method: "POST", json: { item_ids: [text(data, "item")] } });
      const line = form.closest("li");
      const next = /** @type {HTMLElement|null} */ (line?.nextElementSibling?.querySelector("[data-row]") ?? document.getElementById("letters"));
      line?.remove();
      next?.focus();
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
    location.assign(back);
  } catch (error) {
    if (button) button.disabled = false;
    toast(/** @type {Error} */ (error).message);
  }
});

const said = sessionStorage.getItem("tlray-said");
if (said) {
  sessionStorage.removeItem("tlray-said");
  toast(said, { forMs: 9000 });
}
