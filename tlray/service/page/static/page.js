// On every view: times, keys, menus, dialogs, messages. Listeners sit on the document; nothing replaces what people read.

import { clock, day, exact, relative, shortExact } from "./text.js";
import { poll, root, signIn } from "./api.js";
import { startKeys } from "./keys.js";

const page = document.documentElement;
const ahead = Date.now() / 1000 - Number(page.dataset.now);

/** @returns {number} the service's clock, epoch seconds */
export const now = () => Date.now() / 1000 - (Math.abs(ahead) > 5 ? ahead : 0);

const COUNT_MS = 30_000;
const TIMES_MS = 2000;
let showsExact = false;

/** Write a `<time>` in the browser's zone. @param {HTMLTimeElement} element */
export function writeTime(element) {
  const at = Date.parse(element.dateTime) / 1000;
  if (Number.isNaN(at)) return;
  const text = showsExact ? shortExact(at) : "day" in element.dataset ? day(at) : "clock" in element.dataset ? clock(at) : relative(at, now());
  if (element.textContent !== text) element.textContent = text;
  if (!element.dataset.zoned) {
    element.dataset.zoned = "1";
    element.title = exact(at);
  }
}

/** Set the moment of a `<time>`; makes one in an element if there is none. @param {Element} parent @param {number|null|undefined} at */
export function setTime(parent, at, isClock = false) {
  let element = parent.querySelector("time");
  if (at == null) {
    element?.remove();
    return;
  }
  if (!element) {
    element = document.createElement("time");
    if (isClock) element.dataset.clock = "";
    parent.append(element);
  }
  const stamp = new Date(Math.round(at) * 1000).toISOString();
  if (element.dateTime !== stamp) {
    element.dateTime = stamp;
    delete element.dataset.zoned;
  }
  writeTime(element);
}

function writeTimes() {
  for (const element of document.querySelectorAll("time[datetime]")) writeTime(/** @type {HTMLTimeElement} */ (element));
}

/** Show all times exactly, or as people say them. */
export function toggleExact() {
  showsExact = !showsExact;
  writeTimes();
  say(showsExact ? "Exact times" : "Times as people say them");
}

let lastSaid = 0;
/** Speak in the one status region, emptied before each text. @param {string} text */
export function say(text) {
  const region = document.getElementById("status");
  if (!region) return;
  region.textContent = "";
  lastSaid = Date.now();
  setTimeout(() => { region.textContent = text; }, 60);
}

/** Say something that is no hurry, at most every 10 s. @param {string} text */
export function sayCalmly(text) {
  if (Date.now() - lastSaid >= 10_000) say(text);
}

/**
 * Show a message at the foot. @param {string} text
 * @param {{label?: string, act?: () => void, forMs?: number, takesFocus?: boolean}} [options] a button, and how long it stands
 * @returns {{write: (text: string) => void, close: () => void}}
 */
export function toast(text, { label, act, forMs = Math.max(6000, 90 * text.length), takesFocus = false } = {}) {
  const opener = document.activeElement;
  const box = document.createElement("div");
  box.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  const close = () => {
    if (box.contains(document.activeElement)) /** @type {HTMLElement|null} */ (opener)?.focus();
    box.remove();
  };
  if (label) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => { close(); act?.(); });
    box.append(button);
  }
  const toasts = document.getElementById("toasts");
  for (const other of [...toasts?.children ?? []]) if (!other.querySelector("button")) other.remove(); // what may be undone stays
  toasts?.append(box);
  if (takesFocus && !opener?.matches("input, textarea, select")) box.querySelector("button")?.focus(); // nobody types into it
  say(text);
  if (forMs) setTimeout(close, forMs);
  return { write: (more) => { words.textContent = more; }, close };
}

const SOON_MS = 400;
const SLOW_MS = 5000;

/**
 * Mark a part of the page while it is read anew: not for a moment, then by a line, and in words where it takes long.
 * @template T @param {Promise<T>} reading @param {HTMLElement} part @returns {Promise<T>}
 */
export async function whileReading(reading, part) {
  /** @type {{close: () => void}|undefined} */ let told;
  const soon = setTimeout(() => { part.classList.add("reading"); part.setAttribute("aria-busy", "true"); }, SOON_MS);
  const late = setTimeout(() => { told = toast("Still loading. The service answers slowly.", { forMs: 0 }); }, SLOW_MS);
  try {
    return await reading;
  } finally {
    clearTimeout(soon);
    clearTimeout(late);
    part.classList.remove("reading");
    part.removeAttribute("aria-busy");
    told?.close();
  }
}

/** Open a dialog; focus returns to what opened it. @param {string} id */
export function openDialog(id) {
  const dialog = /** @type {HTMLDialogElement|null} */ (document.getElementById(id));
  if (!dialog || dialog.open) return;
  const opener = document.activeElement;
  dialog.addEventListener("close", () => { if (opener instanceof HTMLElement) opener.focus(); }, { once: true });
  dialog.showModal();
}

/** @param {string} path */
export const go = (path) => location.assign(root + path);

/** Copy a text. @param {string} text @param {string} what */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied.`, { forMs: 2500 });
  } catch {
    toast(`This browser lets no page copy here. ${text}`, { forMs: 12000 });
  }
}

function closeMenus(/** @type {Node|null} */ except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!except || !menu.contains(except)) menu.removeAttribute("open");
  }
}

const SILENCE_MS = 20_000;

/** Say that the figures of a view that asks every few seconds are old. @param {number} heardAt */
function tellSilence(heardAt) {
  const line = document.getElementById("offline");
  const isLost = Date.now() - heardAt > SILENCE_MS;
  if (!line || line.hidden === !isLost) return;
  line.textContent = isLost ? `No connection since ${shortExact(heardAt / 1000)}. What you see is from then.` : "";
  line.hidden = !isLost;
}

function start() {
  const zone = document.getElementById("zone");
  if (zone) zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone || "your zone";
  for (const list of document.querySelectorAll(".views, .tabs")) { // on a phone they scroll
    const here = list.querySelector("[aria-current]")?.getBoundingClientRect();
    if (here) list.scrollLeft += here.right - list.getBoundingClientRect().right + 24;
  }
  writeTimes();
  setInterval(() => { if (!document.hidden) writeTimes(); }, TIMES_MS);
  for (const element of document.querySelectorAll("[data-open], [data-copy-link]")) element.removeAttribute("hidden");
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    closeMenus(target);
    const opens = target.closest("[data-open]");
    if (opens instanceof HTMLElement) { event.preventDefault(); closeMenus(null); openDialog(opens.dataset.open ?? ""); }
    if (target.closest("[data-copy-link]")) { closeMenus(null); copy(location.href, "Link"); }
  });
  for (const form of document.querySelectorAll("form[data-auto]")) {
    form.addEventListener("change", () => /** @type {HTMLFormElement} */ (form).requestSubmit());
  }
  document.addEventListener("tl-signed-out", () => toast("You are signed out.", { label: "Sign in", act: signIn, forMs: 0 }), { once: true });
  document.addEventListener("tl-heard", (event) => tellSilence(/** @type {CustomEvent} */ (event).detail));
  const dead = document.getElementById("n-dead");
  if (dead) {
    poll("dead-letters/count", COUNT_MS, (told) => {
      dead.hidden = !told.n;
      if (dead.textContent !== told.text) dead.textContent = told.text;
    }, { isAtOnce: true });
  }
  startKeys({ openDialog, toggleExact, closeMenus });
  const fault = document.querySelector(".faults");
  if (fault instanceof HTMLElement) fault.focus();
}

start();
