// One row of the table of items: made of the server's template, patched in place. Written only where it differs.

import { root } from "./api.js";
import { now, setTime } from "./page.js";
import { cutPath, number, safe, urlParts, write } from "./text.js";
import { set } from "./head.js";

/** @typedef {{item_id: string, line: number, url: string, domain?: string, state: string, attempt: number, reason: string|null, due_at: number|null, fetched_at: number|null, seen?: number}} Item */

const STATES = {
  queued: ["queued", "none", "queued"], waiting: ["clock", "wait", "waiting"], leased: ["flight", "live", "in flight"],
  succeeded: ["check", "done", "done"], dead: ["cross", "bad", "dead"], skipped: ["dash", "off", "skipped"], cancelled: ["dash", "off", "cancelled"],
};
export const FINAL = new Set(["succeeded", "dead", "skipped", "cancelled"]);

/** @param {string} name @returns {{glyph: string, tone: string, word: string}} */
export function stateOf(name) {
  const [glyph = "queued", tone = "none", word = name] = STATES[/** @type {keyof typeof STATES} */ (name)] ?? [];
  return { glyph, tone, word };
}

/** @param {HTMLTemplateElement} template @returns {HTMLTableRowElement} */
export function makeRow(template) {
  const row = /** @type {HTMLTableRowElement} */ (template.content.firstElementChild?.cloneNode(true));
  const link = row.querySelector("a");
  if (link) link.tabIndex = -1;
  return row;
}

/** Show an item in a row; null: it is still being read. undefined: this line made no item.
 * @param {HTMLTableRowElement} row @param {number} line @param {Item|null|undefined} item @param {{batchId: string, sprite: string}} of */
export function fillRow(row, line, item, of) {
  set(row, "aria-rowindex", String(line + 1));
  set(row, "data-line", String(line));
  if (row.classList.contains("loading") !== (item === null)) row.classList.toggle("loading", item === null);
  const [lineCell, stateCell, urlCell, triesCell, whyCell, atCell] = row.cells;
  write(lineCell, number(line));
  const link = urlCell?.querySelector("a");
  const url = link?.firstElementChild;
  const [hostPart, pathPart, endPart] = url?.children ?? [];
  if (!item) {
    delete row.dataset.id;
    link?.removeAttribute("href");
    url?.removeAttribute("title");
    write(hostPart, "");
    write(pathPart, "");
    write(endPart, "");
    showState(stateCell, item === null ? null : { glyph: "dash", tone: "off", word: "left out" }, of.sprite);
    write(triesCell, "");
    write(whyCell?.querySelector(".why"), item === null ? "" : "see “Left out”");
    write(atCell, "");
    return;
  }
  set(row, "data-id", item.item_id);
  set(link, "href", `${root}batches/${of.batchId}/items/${item.item_id}`);
  set(url, "title", safe(item.url));
  const [host, path] = urlParts(item.url);
  write(hostPart, safe(host));
  const [beginning, end] = cutPath(path);
  write(pathPart, safe(beginning));
  write(endPart, safe(end));
  showState(stateCell, stateOf(item.state), of.sprite);
  write(triesCell, item.state === "queued" && item.attempt <= 1 ? "" : String(item.attempt));
  const why = whyCell?.querySelector(".why");
  if (why) showWhy(why, item);
  if (atCell) setTime(atCell, item.fetched_at);
}

/** @param {Element|undefined} cell @param {{glyph: string, tone: string, word: string}|null} state @param {string} sprite */
function showState(cell, state, sprite) {
  const element = cell?.firstElementChild;
  if (!element) return;
  const name = `state t-${state?.tone ?? "none"}`;
  if (element.className !== name) element.className = name;
  set(element.querySelector("use"), "href", state ? `${sprite}#${state.glyph}` : "");
  write(element.querySelector("span"), state?.word ?? "");
}

/** @param {Element} why @param {Item} item */
function showWhy(why, item) {
  const isDue = item.state === "waiting" && item.due_at && item.due_at > now();
  const text = safe(item.reason ?? "");
  const first = why.firstChild;
  if (!first || first.nodeType !== 3) why.prepend(document.createTextNode(text));
  else if (/** @type {Text} */ (first).data !== text) /** @type {Text} */ (first).data = text;
  setTime(why, isDue ? item.due_at : null);
  const time = why.querySelector("time");
  if (time && text && /** @type {Text} */ (why.firstChild).data === text) /** @type {Text} */ (why.firstChild).data = `${text} · `;
}
