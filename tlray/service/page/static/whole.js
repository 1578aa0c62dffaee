// URLs that their column cuts: the whole one stands at the foot of the table for the row in focus or under the pointer, and a copy
// takes the whole one.

import { say } from "./page.js";
import { safe, write } from "./text.js";

/** @param {HTMLElement} table @param {HTMLElement} box @param {(row: HTMLElement) => string|undefined} urlOf */
export function showWhole(table, box, urlOf) {
  const rowOf = (/** @type {EventTarget|Node|null} */ target) => {
    const at = target instanceof Element ? target : target instanceof Node ? target.parentElement : null;
    return table.contains(at) ? /** @type {HTMLElement|null} */ (at?.closest("tbody tr") ?? null) : null;
  };
  const show = (/** @type {HTMLElement|null} */ row) => {
    const path = row?.querySelector(".url i");
    const isCut = Boolean(path && (path.scrollWidth > path.clientWidth || !row?.querySelector(".url b")?.getClientRects().length));
    const url = row && isCut ? urlOf(row) : undefined;
    box.hidden = !url;
    write(box, safe(url));
  };
  const focused = () => rowOf(document.activeElement);
  table.addEventListener("focusin", (event) => show(rowOf(event.target)));
  table.addEventListener("focusout", () => show(null));
  table.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") show(rowOf(event.target)); });
  table.addEventListener("pointerleave", () => show(focused()));
  document.addEventListener("copy", (event) => {
    const selection = document.getSelection();
    const isMarked = selection && !selection.isCollapsed;
    const row = isMarked ? rowOf(selection.anchorNode) : focused();
    if (isMarked && (row !== rowOf(selection.focusNode) || !selection.anchorNode?.parentElement?.closest(".url"))) return;
    const url = row ? urlOf(row) : undefined;
    if (!url || !event.clipboardData) return;
    event.preventDefault();
    event.clipboardData.setData("text/plain", url);
    say("URL copied");
  });
}
