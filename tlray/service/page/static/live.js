// The progress of one batch as it comes: an event stream if this tab gets one of the browser's few slots, else polling.
// A stream that ends is normal (it has a limit of bytes); silence of 20 s is not.

import { call, query, root, signIn } from "./api.js";
import { now, toast } from "./page.js";
import { exact, plural } from "./text.js";

const SLOTS = 3; // a browser opens six connections to a host
const POLL_MS = 3000;
const HIDDEN_POLL_MS = 30_000;
const HIDDEN_AFTER_MS = 60_000;
const QUIET_MS = 3000; // what a reconnection may take before anybody is told
const SILENCE_MS = 20_000;
const STALE_MS = 60_000;
const ANSWER_MS = 15_000;
const MAX_WAIT_MS = 10_000;
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** @typedef {{version: number, state: string, total: number, counts: Record<string, number>, rate_per_min: number, tracks: number, items?: any[], items_complete?: boolean, [name: string]: any}} Frame */

export class Live {
  /** @param {string} batchId @param {number} version @param {{onFrame: (frame: Frame) => void, onEnd: () => void, onGone: () => void}} to */
  constructor(batchId, version, to) {
    this.batchId = batchId;
    this.version = version;
    this.to = to;
    this.heardAt = Date.now();
    this.lostAt = 0;
    this.tries = 0;
    this.isOver = false;
    this.isOffline = false;
    this.isStarting = false; // it says so itself
    /** @type {EventSource|null} */ this.source = null;
    /** @type {(() => void)|null} */ this.release = null;
    /** @type {ReturnType<typeof setTimeout>|undefined} */ this.timer = undefined;
    /** @type {ReturnType<typeof setTimeout>|undefined} */ this.hiding = undefined;
    /** @type {Promise<boolean>|undefined} */ this.taking = undefined;
    this.nextAt = 0;
    this.doneThen = 0;
    this.done = 0;
    this.line = document.getElementById("offline");
  }

  start() {
    document.addEventListener("visibilitychange", () => this.#visibility());
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => { if (event.persisted) this.#open(); });
    this.line?.addEventListener("click", (event) => { if (/** @type {Element} */ (event.target).closest("button")) this.#retryNow(); });
    setInterval(() => this.#watch(), 1000);
    this.#open();
  }

  /** Go on after the end of a batch that is opened again. @param {number} version */
  reopen(version) {
    this.version = version;
    if (!this.isOver) return;
    this.isOver = false;
    this.#open();
  }

  async #open() {
    if (this.isOver || this.source) return;
    clearTimeout(this.timer);
    if (document.hidden && !this.release) return this.#poll(HIDDEN_POLL_MS);
    if (!this.release && !(await (this.taking ??= this.#takeSlot()))) return this.#poll(POLL_MS);
    if (this.isOver || this.source) return;
    const source = new EventSource(`${root}api/v1/batch/${this.batchId}/events${query({ items: 20, every_ms: 500, since: this.version || null })}`);
    this.source = source;
    source.onopen = () => this.#hear();
    source.onmessage = (event) => { this.#hear(); this.#take(event.data); };
    source.addEventListener("beat", () => this.#hear());
    source.addEventListener("leaving", () => this.#hear());
    source.addEventListener("end", () => { this.isOver = true; this.#close(); this.#hear(); this.to.onEnd(); });
    source.onerror = () => this.#lost(source);
  }

  /** Take one, however many ask for it. @returns {Promise<boolean>} true if this tab may hold a stream */
  async #takeSlot() {
    try { return await this.#freeSlot(); } finally { this.taking = undefined; }
  }

  /** @returns {Promise<boolean>} */
  async #freeSlot() {
    if (!navigator.locks) return false;
    for (let slot = 0; slot < SLOTS; slot++) {
      const has = await new Promise((tell) => {
        navigator.locks.request(`tlray-stream-${slot}`, { ifAvailable: true }, (lock) => {
          tell(lock !== null);
          return lock ? new Promise((release) => { this.release = () => release(undefined); }) : undefined;
        }).catch(() => tell(false));
      });
      if (has) return true;
    }
    return false;
  }

  /** @param {number} everyMs */
  async #poll(everyMs) {
    clearTimeout(this.timer);
    try {
      const status = await call(`batch/${this.batchId}/status`, { signal: AbortSignal.timeout(ANSWER_MS) });
      this.#hear();
      if (status.version > this.version) this.#give({ ...status, items: [], items_complete: false });
      if (["completed", "cancelled"].includes(status.state)) { this.isOver = true; this.to.onEnd(); return; }
      this.timer = setTimeout(() => this.#open(), everyMs);
    } catch (error) {
      this.#failed(/** @type {any} */ (error).status ?? 0);
    }
  }

  #close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
    this.release?.();
    this.release = null;
  }

  /** @param {string} data */
  #take(data) {
    this.pending = data;
    if (document.hidden) return; // no work in a hidden tab; the newest is taken on return
    this.#flush();
  }

  #flush() {
    if (!this.pending) return;
    const data = this.pending;
    this.pending = "";
    this.#give(JSON.parse(data));
  }

  /** @param {Frame} frame */
  #give(frame) {
    this.version = frame.version;
    const counts = frame.counts;
    this.done = counts.succeeded + counts.dead + counts.skipped + counts.cancelled;
    this.to.onFrame(frame);
  }

  #hear() {
    this.heardAt = Date.now();
    this.tries = 0;
    this.lostAt = 0;
    this.isStarting = false;
    if (!this.isOffline) return;
    this.isOffline = false;
    if (this.line) this.line.hidden = true;
    document.documentElement.classList.remove("stale");
    setTimeout(() => toast(`Connected again. ${plural(Math.max(0, this.done - this.doneThen), "item")} changed meanwhile.`), 1200);
  }

  /** @param {EventSource} source */
  #lost(source) {
    if (this.source !== source) return;
    source.close();
    this.source = null;
    this.lostAt ||= Date.now();
    if (this.tries > 0) return this.#ask();
    this.#again();
  }

  /** The error of a stream has no status: ask what is wrong. */
  async #ask() {
    try {
      await call(`batch/${this.batchId}/status`, { signal: AbortSignal.timeout(ANSWER_MS) });
      this.tries = 0; // it answers
      this.#again();
    } catch (error) {
      this.#failed(/** @type {any} */ (error).status ?? 0);
    }
  }

  /** @param {number} status */
  #failed(status) {
    if (status === 401) { this.isOver = true; this.#close(); return signIn(); }
    this.isStarting = status === 503;
    if (status === 404) { this.isOver = true; this.#close(); return this.to.onGone(); }
    this.lostAt ||= Date.now();
    this.#again();
  }

  #again() {
    clearTimeout(this.timer);
    const waitMs = Math.min(MAX_WAIT_MS, 1000 * 2 ** this.tries) * (0.8 + 0.4 * Math.random());
    this.tries++;
    this.nextAt = Date.now() + waitMs;
    this.timer = setTimeout(() => this.#open(), waitMs);
  }

  #retryNow() {
    this.tries = 0;
    this.source?.close();
    this.source = null;
    this.#open();
  }

  /** Once a second: has anybody been silent for too long? */
  #watch() {
    if (this.isOver) return;
    const silent = Date.now() - this.heardAt;
    const isLost = this.lostAt > 0 && Date.now() - this.lostAt > QUIET_MS;
    if (silent > SILENCE_MS && this.source && !document.hidden) this.#lost(this.source);
    if (!isLost && silent <= SILENCE_MS) return;
    if (document.hidden) return;
    if (!this.isOffline) {
      this.isOffline = true;
      this.doneThen = this.done;
      this.since = exact(now() - silent / 1000);
      this.sinceClock = CLOCK.format(Date.now() - silent);
    }
    document.documentElement.classList.toggle("stale", silent > STALE_MS);
    this.#showLine(Math.max(0, Math.ceil((this.nextAt - Date.now()) / 1000)));
  }

  /** @param {number} leftS */
  #showLine(leftS) {
    if (!this.line) return;
    const says = this.isStarting ? "The service is being started again. Nothing is lost, and this page goes on by itself." : `No connection since ${this.sinceClock}. What you see is from then.`;
    if (this.line.hidden || this.line.firstChild?.textContent !== says) {
      const text = document.createElement("span");
      text.textContent = says;
      text.title = this.since ?? "";
      const next = document.createElement("span");
      next.setAttribute("aria-hidden", "true");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "tiny";
      button.textContent = "Try now";
      this.line.replaceChildren(text, next, button);
      this.line.hidden = false;
    }
    const next = this.line.children[1];
    if (next) next.textContent = leftS ? `Next try in ${leftS} s.` : "Trying …";
  }

  #visibility() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => { if (document.hidden && !this.isOver) { this.#close(); this.#open(); } }, HIDDEN_AFTER_MS);
    } else {
      this.heardAt = Date.now();
      this.#flush();
      if (!this.source) this.#open();
    }
  }
}
