// The side panel of one item: its state, its attempts, the page as it came. Beside the table, or a page of its own at phone width.

import { call, root } from "./api.js";
import { copy, setTime, toast, whileReading } from "./page.js";
import { duration, plural, safe, safeLines, webAddress, write } from "./text.js";
import { set } from "./head.js";
import { stateOf } from "./rows.js";

const KINDS = { fetched: "fetched", redirected: "redirected", answered: "known already", "not-begun": "not begun", listed: "a page that lists sets", found: "found on a page", gone: "the page is gone", "not-a-set": "the page is no set", blocked: "the site blocked us", unreadable: "the page cannot be read", throttled: "too many requests (429)", unavailable: "the site was not available", forbidden: "the site refused (401, 403)", "client-error": "the site refused the request", truncated: "the page ended too soon", "too-large": "the page is too large", "wrong-type": "no page, but another kind of file", "bad-encoding": "the page cannot be unpacked", timeout: "no answer in time", connect: "no connection", dns: "the host name is not known", tls: "no secure connection", "bad-http": "the answer is no HTTP", robots: "robots.txt forbids it", "private-address": "a private address", crashed: "our parser failed", lost: "lost with its worker" };

export class Panel {
  /** @param {{batchId: string, sprite: string, onClose: () => void, onStep: (step: number) => void, onRetry: () => void}} of */
  constructor(of) {
    this.of = of;
    this.box = /** @type {HTMLElement} */ (document.getElementById("panel"));
    this.work = /** @type {HTMLElement} */ (document.getElementById("items"));
    this.itemId = "";
    this.nAsked = 0; // an answer to an older question is not shown
    this.box.addEventListener("click", (event) => {
      const action = /** @type {HTMLElement|null} */ (/** @type {Element} */ (event.target).closest("[data-do]"))?.dataset.do;
      if (action === "close") of.onClose();
      else if (action === "next") of.onStep(1);
      else if (action === "previous") of.onStep(-1);
      else if (action === "copy") copy(this.item?.url ?? "", "URL");
      else if (action === "retry") this.#retry();
    });
    this.box.addEventListener("toggle", (event) => {
      if (/** @type {HTMLDetailsElement} */ (event.target).open) this.#showPage();
    }, true);
  }

  get isOpen() { return !this.box.hidden; }

  /** @param {string} itemId @param {Element|null} from what had the focus when it was asked for: one that has gone on keeps it */
  async open(itemId, from = document.activeElement) {
    const isNew = !this.isOpen;
    const mine = ++this.nAsked;
    this.itemId = itemId;
    let item;
    try {
      item = await whileReading(call(`batch/${this.of.batchId}/items/${encodeURIComponent(itemId)}`), isNew ? this.work : this.box);
    } catch (error) {
      if (mine === this.nAsked) toast(/** @type {Error} */ (error).message);
      return;
    }
    if (mine !== this.nAsked) return;
    this.item = item;
    this.#show(item);
    this.box.hidden = false;
    this.work.classList.add("open");
    if (item.state === "succeeded") this.#showSets(item);
    if (isNew && document.activeElement === from) this.box.querySelector("h2")?.focus({ preventScroll: true });
  }

  close() {
    this.nAsked++;
    this.itemId = "";
    this.box.hidden = true;
    this.box.replaceChildren();
    this.work.classList.remove("open");
  }

  /** @param {any} item */
  #show(item) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("item"));
    const focused = /** @type {HTMLElement|null} */ (this.box.contains(document.activeElement) ? document.activeElement : null)?.dataset.do;
    const all = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    const at = (/** @type {string} */ name) => /** @type {HTMLElement} */ (all.querySelector(`[data-f="${name}"]`));
    at("url").textContent = safe(item.url);
    this.#writeState(at("state"), item);
    const address = webAddress(item.url);
    if (address) set(at("open"), "href", address);
    else at("open").remove();
    set(at("page"), "href", `${root}batches/${this.of.batchId}/items/${item.item_id}`);
    const retry = /** @type {HTMLElement|null} */ (all.querySelector('[data-do="retry"]'));
    if (retry) retry.hidden = item.state !== "dead";
    this.#pair(at("pairs"), "Line", String(item.line));
    this.#pair(at("pairs"), "Domain", item.domain);
    if (item.n_lost) this.#pair(at("pairs"), "Lost", plural(item.n_lost, "time"));
    if (item.fetched_at) setTime(this.#pair(at("pairs"), "Fetched", ""), item.fetched_at);
    if (item.answered_by) this.#pair(at("pairs"), "Known already", `item ${item.answered_by} of another batch`);
    const attempts = /** @type {any[]} */ (item.attempts ?? []);
    for (const attempt of [...attempts].reverse()) at("attempts").append(this.#attempt(attempt));
    if (!attempts.length) at("attempts").append(Object.assign(document.createElement("li"), { className: "muted", textContent: "No attempt yet." }));
    at("archive").hidden = !item.has_page;
    this.box.replaceChildren(all);
    if (focused) /** @type {HTMLElement|null} */ (this.box.querySelector(`[data-do="${focused}"]`))?.focus({ preventScroll: true });
    this.box.scrollTop = 0;
  }

  /** @param {HTMLElement} line @param {any} item */
  #writeState(line, item) {
    const { glyph, tone, word } = stateOf(item.state);
    const state = document.createElement("span");
    state.className = `state t-${tone}`;
    const icon = /** @type {Element} */ (document.querySelector("#state svg")?.cloneNode(true) ?? document.createElement("i"));
    set(icon.querySelector("use"), "href", `${this.of.sprite}#${glyph}`);
    state.append(icon, Object.assign(document.createElement("span"), { textContent: word }));
    line.append(state, item.reason ? ` · ${safe(item.reason)}` : "");
    if (item.state === "waiting" && item.due_at) {
      line.append(" · next try ");
      setTime(line, item.due_at);
    }
  }

  /** @param {HTMLElement} list @param {string} name @param {string} value @returns {HTMLElement} */
  #pair(list, name, value) {
    const term = document.createElement("dt");
    term.textContent = name;
    const detail = document.createElement("dd");
    detail.textContent = safe(value);
    list.append(term, detail);
    return detail;
  }

  /** @param {any} attempt */
  #attempt(attempt) {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("attempt"));
    const line = /** @type {Element} */ (template.content.firstElementChild?.cloneNode(true));
    write(line.querySelector(".n"), String(attempt.attempt));
    write(line.querySelector(".what"), KINDS[/** @type {keyof typeof KINDS} */ (attempt.kind)] ?? attempt.kind);
    const when = line.querySelector(".when");
    if (when) setTime(when, attempt.at);
    const more = [attempt.reason, attempt.status ? `HTTP ${attempt.status}` : "", attempt.latency_s == null ? "" : duration(attempt.latency_s)];
    write(line.querySelector(".more"), more.filter(Boolean).map(safe).join(" · "));
    return line;
  }

  /** @param {any} item */
  async #showSets(item) {
    const answer = await fetch(`${root}batches/${this.of.batchId}/items/${item.item_id}/sets`, { headers: { Accept: "application/json" } }).catch(() => null);
    const sets = answer?.ok ? (await answer.json()).sets : [];
    const pairs = /** @type {HTMLElement|null} */ (this.box.querySelector(".pairs"));
    if (this.item !== item || !pairs) return;
    for (const one of sets) this.#pair(pairs, "Set", "").append(Object.assign(document.createElement("a"), { className: "free", href: root + one.path, textContent: safe(one.title.slice(0, 200)) }));
  }

  async #showPage() {
    const text = this.box.querySelector("pre");
    if (!text || text.textContent) return;
    text.textContent = "Reading …";
    try {
      const answer = await fetch(`${root}api/v1/batch/${this.of.batchId}/items/${this.itemId}/page`);
      const all = answer.ok ? await answer.text() : "This page is not in the archive.";
      text.textContent = safeLines(all.slice(0, 100_000));
    } catch {
      text.textContent = "The service does not answer.";
    }
  }

  async #retry() {
    const { itemId } = this;
    try {
      const told = await call(`batch/${this.of.batchId}/retry`, { method: "POST", json: { item_ids: [itemId] } });
      toast(told.n_retried ? "Queued again." : "It was queued already by somebody else.");
      if (this.itemId === itemId) this.open(itemId);
      this.of.onRetry();
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  }
}
