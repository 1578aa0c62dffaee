// Rows of the table that are marked with `x`: their URLs are copied, and those that are dead are retried, all at once.

import { call } from "./api.js";
import { copy, say, toast } from "./page.js";
import { number, plural, write } from "./text.js";

/** @typedef {import("./rows.js").Item} Item */

/** @param {import("./items.js").Items} items @param {string} batchId @returns {Record<string, (item: Item) => void>} by key */
export function startMarks(items, batchId) {
  const bar = /** @type {HTMLElement} */ (document.getElementById("marked"));
  const retry = /** @type {HTMLButtonElement|null} */ (bar.querySelector('[data-do="retry"]'));
  const all = () => [...items.marked.values()];
  const dead = () => all().filter((item) => item.state === "dead").map((item) => item.item_id);

  function show() {
    bar.hidden = !items.marked.size;
    write(bar.querySelector("b"), `${number(items.marked.size)} marked`);
    if (retry) retry.hidden = !dead().length;
    write(retry, `Retry ${plural(dead().length, "dead one")}`);
    items.render();
  }

  /** @param {string[]} ids */
  async function queue(ids) {
    if (!ids.length || !retry) return;
    try {
      const told = await call(`batch/${batchId}/retry`, { method: "POST", json: { item_ids: ids } });
      const rest = ids.length - told.n_retried;
      toast(`Queued ${number(told.n_retried)} again${rest ? `; ${number(rest)} were queued already` : ""}.`);
      for (const id of ids) items.marked.delete(id);
      show();
      items.showChanges();
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }

  bar.addEventListener("click", (event) => {
    const action = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest("[data-do]"))?.dataset.do;
    if (action === "copy") copy(all().map((item) => item.url).join("\n"), plural(items.marked.size, "URL"));
    else if (action === "retry") queue(dead());
    else if (action === "clear") { items.marked.clear(); show(); items.window.focus(); }
  });

  return {
    x: (item) => {
      if (!items.marked.delete(item.item_id)) items.marked.set(item.item_id, item);
      show();
      say(`${items.marked.has(item.item_id) ? "Marked" : "Not marked"}; ${number(items.marked.size)} in all`);
    },
    r: (item) => { if (item.state === "dead") queue([item.item_id]); },
  };
}
