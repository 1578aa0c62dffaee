// The keys of every view. Ignored in fields, with Ctrl, Alt or Meta, while composing, and in dialogs; can be switched off.

import { root } from "./api.js";

const PLACES = { b: "batches", n: "new", d: "dead-letters", s: "schedules", t: "templates", o: "domains", c: "catalogue" };
const CHORD_MS = 1000;
const OFF = "tlray-keys-off";

/** @returns {boolean} */
function areOn() {
  try { return localStorage.getItem(OFF) !== "1"; } catch { return true; }
}

/** @param {EventTarget|null} target */
const isField = (target) => target instanceof Element && target.closest("input, select, textarea, [contenteditable]") !== null;

/** @returns {HTMLElement[]} the links of all rows, in order */
const rows = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("main [data-row]")].filter((row) => row.getClientRects().length));

/** @param {number} step */
function moveRow(step) {
  const event = new CustomEvent("tl-move", { detail: step, cancelable: true });
  if (!document.dispatchEvent(event)) return; // a view moves its own rows
  const all = rows();
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = at < 0 ? all[0] : all[Math.min(all.length - 1, Math.max(0, at + step))];
  next?.focus();
}

/** Press the button of a key, if the view shows one; of `r` and `x` that of the row in focus. @param {string} key */
function press(key) {
  const near = key === "p" ? null : document.activeElement?.closest("li, tr, .panel");
  const shown = [...(near ?? document).querySelectorAll(`[data-key="${key}"]`)].filter((one) => one.getClientRects().length);
  if (key !== "p" && !near && shown.length > 1) return; // nobody has said which
  if (shown[0] instanceof HTMLElement) shown[0].click();
  else document.dispatchEvent(new CustomEvent(`tl-${key}`)); // a view does it itself
}

/** @param {{openDialog: (id: string) => void, toggleExact: () => void, closeMenus: (except: Node|null) => void}} page */
export function startKeys(page) {
  let chordAt = -CHORD_MS; // by the clock of events: a busy page handles a key later than it was pressed
  const box = /** @type {HTMLInputElement|null} */ (document.getElementById("keys-on"));
  if (box) {
    box.checked = areOn();
    box.addEventListener("change", () => { try { localStorage.setItem(OFF, box.checked ? "0" : "1"); } catch { /* a private window */ } });
  }
  document.addEventListener("DOMContentLoaded", () => { // all modules are there, and hear what is pressed
    document.addEventListener("keydown", take);
    document.documentElement.dataset.keys = "";
    document.dispatchEvent(new CustomEvent("tl-keys", { detail: take })); // those that came before
  });

  /** @param {KeyboardEvent} event */
  function take(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") return escape(event);
    if (isField(event.target) || !areOn()) return;
    const isSecond = event.timeStamp - chordAt < CHORD_MS;
    chordAt = -CHORD_MS;
    if (isSecond) {
      const place = PLACES[/** @type {keyof typeof PLACES} */ (event.key)];
      if (place) { event.preventDefault(); location.assign(root + place); }
      return;
    }
    const act = { "/": find, "?": () => page.openDialog("keys"), g: () => { chordAt = event.timeStamp; }, j: () => moveRow(1), k: () => moveRow(-1), t: page.toggleExact, p: () => press("p"), r: () => press("r"), x: () => press("x"), ".": () => emit("tl-show"), "[": () => emit("tl-step", -1), "]": () => emit("tl-step", 1) }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  function find() {
    const field = document.querySelector("[data-find]");
    if (field instanceof HTMLInputElement) { field.focus(); field.select(); }
  }

  /** @param {string} name @param {unknown} [detail] */
  function emit(name, detail) { document.dispatchEvent(new CustomEvent(name, { detail })); }

  /** Close the top layer, else clear the find box. @param {KeyboardEvent} event */
  function escape(event) {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { page.closeMenus(null); menu.querySelector("summary")?.focus(); return; }
    if (!document.dispatchEvent(new CustomEvent("tl-close", { cancelable: true }))) return;
    const field = document.querySelector("[data-find]");
    if (field instanceof HTMLInputElement && field.value) {
      event.preventDefault();
      field.value = "";
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.form?.requestSubmit();
    } else if (isField(event.target)) /** @type {HTMLElement} */ (event.target).blur();
  }
}
