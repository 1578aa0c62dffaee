// The priority of a batch, in its menu; loaded when the menu is opened.

import { call } from "./api.js";
import { toast } from "./page.js";
import { write } from "./text.js";

const box = document.getElementById("priority");
const batchId = document.getElementById("batch")?.dataset.id ?? "";
let nAsked = 0;

box?.addEventListener("click", async (event) => {
  const button = /** @type {Element} */ (event.target).closest("button");
  if (!button) return;
  const mine = ++nAsked;
  try {
    await call(`batch/${batchId}`, { method: "PATCH", json: { priority: button.value } });
    if (mine !== nAsked) return; // another one was chosen meanwhile
    for (const other of box.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    write(document.getElementById("has-priority"), button.value);
    toast(`Priority: ${button.value}.`);
  } catch (error) {
    toast(/** @type {Error} */ (error).message);
  }
});
if (box) box.hidden = false;
