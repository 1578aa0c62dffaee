// One batch: the stream feeds head and table; buttons act through the API; the address holds filter, line and panel.

import { call, query, root } from "./api.js";
import { Live } from "./live.js";
import { Head, doneOf } from "./head.js";
import { Items } from "./items.js";
import { openDialog, say, toast } from "./page.js";
import { number, plural, write } from "./text.js";
import { showWhole } from "./whole.js";

const ASKED_FROM = 1000; // dead letters: a retry of more is asked about
const PAINT_MS = 250;
const head = /** @type {HTMLElement} */ (document.getElementById("batch"));
const batchId = head.dataset.id ?? "";
const sprite = (document.querySelector("#state use")?.getAttribute("href") ?? "").split("#")[0] ?? "";
const view = new Head(head, sprite);
const isPhone = matchMedia("(max-width: 760px)");
const form = /** @type {HTMLFormElement|null} */ (document.querySelector("form[data-items]"));

/** @type {Items|null} */ let items = null;
/** @type {import("./panel.js").Panel|null} */ let panel = null;
/** @type {import("./live.js").Frame|null} */ let pending = null;
let paintAt = 0;

const live = new Live(batchId, Number(head.dataset.version), {
  onFrame: (frame) => {
    pending = { ...frame, items: [...(pending?.items ?? []), ...(frame.items ?? [])] };
    if (document.hidden) view.showTitle(frame); // no frame is painted there
    if (paintAt) return;
    paintAt = window.setTimeout(() => requestAnimationFrame(paint), PAINT_MS);
  },
  onEnd: () => { paint(); say(`${head.dataset.name}: finished`); items?.showChanges(); },
  onGone: () => toast("This batch is gone.", { forMs: 0 }),
});

function paint() {
  clearTimeout(paintAt);
  paintAt = 0;
  const frame = pending;
  pending = null;
  if (!frame) return;
  view.show(frame);
  items?.take(frame, doneOf(frame));
}

// -- actions -----------------------------------------------------------------------------------------

/** @param {string} action @param {unknown} [json] @returns {Promise<any>} */
async function act(action, json) {
  const told = await call(`batch/${batchId}/${action}`, { method: "POST", json });
  const known = (pending ?? view.frame)?.version ?? 0;
  if (told.version >= known) pending = { ...told, items: pending?.items }; // else the stream was faster, and knows more
  paint();
  live.reopen(Math.max(told.version, known));
  return told;
}

document.addEventListener("submit", async (event) => {
  const sent = /** @type {HTMLFormElement} */ (event.target);
  const action = sent.dataset.action?.split("/").pop();
  if (!action || !sent.dataset.action?.startsWith(`batches/${batchId}/`)) return;
  event.preventDefault();
  const dialog = sent.closest("dialog");
  dialog?.close();
  const nDead = Number(document.querySelector("#counts [data-f=dead]")?.textContent?.replace(/\D/g, ""));
  const data = new FormData(sent);
  const group = data.get("kind"); // of dead letters at one domain
  if (action === "retry-dead" && !dialog && !group && nDead > ASKED_FROM) {
    write(document.getElementById("n-sure"), number(nDead));
    return openDialog("sure");
  }
  const button = sent.querySelector("button");
  if (button?.disabled) return;
  if (button) button.disabled = true;
  try {
    if (action === "cancel") await (await import("./cancel.js")).cancelSlowly(head, act);
    else if (action === "retry-dead") {
      const told = await act("retry", group ? { kind: group, domain: data.get("domain"), up_to_version: Number(data.get("seen")) } : {});
      toast(`Queued ${number(told.n_retried)} again.`);
    } else {
      await act(action);
      say(action === "pause" ? "Paused" : "Running");
    }
  } catch (error) {
    toast(/** @type {Error} */ (error).message);
  } finally {
    if (button) button.disabled = false;
  }
});

// -- the table ---------------------------------------------------------------------------------------

/** @returns {Record<string, string>} */
function inAddress() {
  const given = new URLSearchParams(location.search);
  return Object.fromEntries(["state", "domain", "q", "line", "item"].map((name) => [name, given.get(name) ?? ""]));
}

/** @param {Record<string, string>} change @param {boolean} [isStep] true: Back returns to what was */
function address(change, isStep = true) {
  const next = `${location.pathname}${query({ ...inAddress(), ...change })}`;
  if (next === location.pathname + location.search) return;
  if (isStep) history.pushState(null, "", next);
  else history.replaceState(null, "", next);
}

function startTable() {
  const lines = Number(document.getElementById("items")?.dataset.lines);
  const hasAdded = document.getElementById("items")?.hasAttribute("data-added") ?? false;
  items = new Items({ batchId, sprite, lines, hasAdded, filter: inAddress() });
  for (const key of ["x", "r"]) document.addEventListener(`tl-${key}`, () => actOnRow(key));
  const whole = document.getElementById("whole");
  if (whole) showWhole(items.window, whole, (row) => items?.itemAt(Number(row.dataset.row))?.url);
  const { line, item: asked } = inAddress();
  const item = /^\d{1,18}$/.test(asked ?? "") ? asked : ""; // no other is one
  if (item && isPhone.matches) return location.replace(`${root}batches/${batchId}/items/${item}`); // no panel beside the table there
  items.open(Number(line) || 1).then(() => { if (item) showPanel(item, false); }).catch((error) => toast(error.message));
}

/** @type {Promise<ReturnType<typeof import("./marks.js").startMarks>>|undefined} */ let marking;

/** Mark or retry the row that has the focus now, though it may have to be read, and the script for it to be loaded. @param {string} key */
async function actOnRow(key) {
  const row = /** @type {HTMLElement|null} */ (document.activeElement?.closest("#rows tr"));
  if (!row || !items) return;
  const of = items;
  marking ??= import("./marks.js").then(({ startMarks }) => startMarks(of, batchId));
  const [marks, item] = await Promise.all([marking, of.whenRead(row)]);
  if (item) marks[key]?.(item);
}

/** @param {boolean} isStep */
async function refilter(isStep) {
  if (!form || !items) return;
  const data = new FormData(form);
  const change = Object.fromEntries(["state", "domain", "q"].map((name) => [name, String(data.get(name) ?? "").trim()]));
  if (isStep) address({ ...change, line: "", item: "" });
  const clear = document.getElementById("clear");
  if (clear) clear.hidden = !(change.state || change.domain || change.q);
  items.aborts.abort();
  items.reset(inAddress());
  const isShown = await items.open(Number(inAddress().line) || 1).catch((error) => void toast(error.message));
  if (isShown) say(items.isFiltered ? `${plural(items.count, "matching item")}${items.next ? " and more" : ""}` : "All items");
}

function listenToFilters() {
  let typing = 0;
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const line = /** @type {HTMLInputElement|null} */ (document.getElementById("line"));
    if (document.activeElement === line && line?.value) return toLine(line.value);
    refilter(true);
  });
  form?.addEventListener("change", (event) => {
    const field = /** @type {HTMLInputElement} */ (event.target);
    if (field.name === "line") toLine(field.value);
    else refilter(true);
  });
  form?.addEventListener("input", (event) => {
    if (/** @type {HTMLInputElement} */ (event.target).name !== "q") return;
    clearTimeout(typing);
    typing = window.setTimeout(() => refilter(true), 300);
  });
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("#clear")) { event.preventDefault(); form?.querySelectorAll("input, select").forEach((field) => { /** @type {HTMLInputElement} */ (field).value = ""; }); refilter(true); }
    const quick = /** @type {HTMLElement|null} */ (target.closest("[data-filter]"));
    const field = /** @type {HTMLSelectElement|null} */ (document.getElementById("f-state"));
    if (quick && field) { event.preventDefault(); field.value = quick.dataset.filter ?? ""; refilter(true); field.focus(); }
  });
}

/** @param {string} text */
function toLine(text) {
  const line = Number(text.replace(/\D/g, ""));
  if (!line || !items) return;
  if (items.isFiltered) {
    const row = items.found.findIndex((item) => item.line >= line);
    items.toRow(row < 0 ? items.count : row + 1);
  } else items.toRow(line);
  address({ line: String(line) }, false);
}

/** @type {Promise<import("./panel.js").Panel>|undefined} */ let loading;

/** The panel; its script is loaded when the first item is opened. */
function thePanel() {
  loading ??= import("./panel.js").then(({ Panel }) => (panel = new Panel({ batchId, sprite, onClose: closePanel, onStep: stepPanel, onRetry: () => items?.showChanges() })));
  return loading;
}

/** @param {string} itemId @param {boolean} [isStep] */
async function showPanel(itemId, isStep = true) {
  if (!items) return;
  items.selected = itemId;
  items.render();
  if (isStep) address({ item: itemId }, !panel?.isOpen);
  const from = document.activeElement;
  const beside = await thePanel();
  if (items.selected !== itemId) return; // closed, or another one was chosen, before its script had come
  await beside.open(itemId, from);
  if (beside.isOpen || items.selected !== itemId) return;
  items.selected = ""; // it could not be had
  items.render();
}

/** Close the panel, also one that is still being read. */
function closePanel(isStep = true) {
  if (!items?.selected) return;
  const row = items.rowOf.get(items.selected) ?? 0;
  panel?.close();
  items.selected = "";
  if (isStep) address({ item: "" });
  if (row) items.toRow(row); else items.window.focus();
}

/** @param {number} step */
async function stepPanel(step) {
  if (!items || !panel?.isOpen) return;
  const { itemId } = panel;
  const row = items.neighbour(itemId, step);
  if (!row) return;
  items.toRow(row, false);
  const node = items.nodes.get(row);
  const next = node && await items.whenRead(node);
  if (next && panel.itemId === itemId) showPanel(next.item_id);
}

function listenToRows() {
  document.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest("#rows a");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button || isPhone.matches) return;
    const id = /** @type {HTMLElement|null} */ (link.closest("tr"))?.dataset.id;
    if (!id) return;
    event.preventDefault();
    showPanel(id);
  });
  document.addEventListener("tl-move", (event) => { if (items?.isLive) { event.preventDefault(); items.step(/** @type {CustomEvent} */ (event).detail); } });
  document.addEventListener("tl-step", (event) => stepPanel(/** @type {CustomEvent} */ (event).detail));
  document.addEventListener("tl-show", () => items?.showChanges());
  document.addEventListener("tl-close", (event) => { if (items?.selected) { event.preventDefault(); closePanel(); } });
  addEventListener("popstate", async () => {
    const wanted = inAddress();
    for (const name of ["state", "domain", "q", "line"]) {
      const field = /** @type {HTMLInputElement|null} */ (form?.elements.namedItem(name));
      if (field) field.value = wanted[name] ?? "";
    }
    const isSame = items && ["state", "domain", "q"].every((name) => (items?.filter[name] ?? "") === wanted[name]);
    if (!isSame) await refilter(false);
    if (inAddress().item !== wanted.item) return; // one went further meanwhile
    if (wanted.item) showPanel(wanted.item, false);
    else closePanel(false);
  });
}

// -- menus -------------------------------------------------------------------------------------------

document.getElementById("priority")?.closest("details")?.addEventListener("toggle", () => import("./priority.js").catch(() => {}), { once: true });

/** Exports; their script is loaded when the menu is opened, and a click before it has come waits for it. */
function startExports() {
  const menu = document.querySelector("details:has(.exports)");
  let isThere = false;
  const load = () => import("./exports.js").then(() => { isThere = true; });
  menu?.addEventListener("toggle", () => load().catch(() => {}), { once: true });
  menu?.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest("a[data-export]"));
    if (isThere || !link || /** @type {MouseEvent} */ (event).metaKey || /** @type {MouseEvent} */ (event).ctrlKey) return;
    event.preventDefault();
    event.stopPropagation();
    load().then(() => link.click(), () => toast("The service does not answer."));
  });
}

if (document.getElementById("window")) {
  startTable();
  listenToFilters();
  listenToRows();
}
startExports();
live.start();
