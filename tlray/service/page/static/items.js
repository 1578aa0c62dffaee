// The table of a batch's items: a window on up to a million lines. The order is the list's, rows are patched in place, and
// what would move them is only counted until it is asked for. Row n is line n; a line that made no item says so.

import { call, query } from "./api.js";
import { whileReading } from "./page.js";
import { number, plural, write } from "./text.js";
import { FINAL, fillRow, makeRow } from "./rows.js";
import { set } from "./head.js";

/** @typedef {import("./rows.js").Item} Item */
/** @typedef {{items: Map<number, Item>, isLoading: boolean}} Block */

const BLOCK = 200;
const MAX_BLOCKS = 20;
const MAX_PX = 8_000_000; // engines cut an element somewhere above 14 million
const OVER = 6; // rows beyond each edge
const SETTLE_MS = 80;
const REFRESH_MS = 2000;
/** @param {number} row @returns {number} the first row of its block */
const blockOf = (row) => Math.floor((row - 1) / BLOCK) * BLOCK + 1;

/** What is known of an item: what a frame said of it while the answer was on its way is newer. @param {Item|undefined} had @param {Item} item @param {number} seen @returns {Item} */
const newerOf = (had, item, seen) => (had && (had.seen ?? 0) > seen ? had : { ...item, seen });

export class Items {
  /** @param {{batchId: string, sprite: string, lines: number, hasAdded: boolean, filter: Record<string, string>}} of `hasAdded`: pages have added items, which share the lines of those */
  constructor(of) {
    this.of = of;
    this.window = /** @type {HTMLElement} */ (document.getElementById("window"));
    this.table = /** @type {HTMLElement} */ (document.getElementById("table"));
    this.body = /** @type {HTMLElement} */ (document.getElementById("rows"));
    this.template = /** @type {HTMLTemplateElement} */ (document.getElementById("row"));
    this.newer = /** @type {HTMLElement} */ (document.getElementById("newer"));
    /** @type {Map<number, HTMLTableRowElement>} */ this.nodes = new Map();
    this.isLive = false;
    this.held = 0;
    this.selected = "";
    /** @type {Map<string, Item>} */ this.marked = new Map();
    this.focusRow = 0;
    this.entered = 0; // the row that is opened once it is read
    this.doneAtLoad = -1;
    this.seen = 0; // frames so far; an item that was read after the last one is as it stands
    this.reset(of.filter);
    this.#listen();
  }

  /** Begin anew with a filter. @param {Record<string, string>} filter */
  reset(filter) {
    this.filter = filter;
    this.isFiltered = Boolean(filter.state || filter.domain || filter.q || this.of.hasAdded);
    /** @type {Map<number, Block>} */ this.blocks = new Map();
    /** @type {Item[]} */ this.found = []; // of a filter, as far as it was read
    /** @type {Map<string, number>} */ this.rowOf = new Map();
    /** @type {string|null} */ this.next = null;
    this.isReading = false;
    this.count = this.isFiltered ? 0 : this.of.lines;
    this.position = 0; // px from the top of all rows
    /** @type {{id: string|undefined, row: number, tell: (item: Item|undefined) => void}[]} */ this.awaited = [];
    this.aborts = new AbortController();
    this.doneAtLoad = this.#there();
    this.changes = 0;
    this.#showNewer();
  }

  get rowPx() { return this.px ?? (this.px = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 32); }
  get allPx() { return this.count * this.rowPx; }
  get spacerPx() { return Math.min(this.allPx, MAX_PX); }
  get viewPx() { return Math.max(1, this.window.clientHeight - this.headPx); }
  get headPx() { return this.table.querySelector("thead")?.offsetHeight ?? 0; }

  /** Read what is shown first, then take the place of the server's rows. @param {number} line @returns {Promise<boolean>} false: another filter was chosen meanwhile */
  async open(line) {
    const { aborts } = this;
    await whileReading(this.#read(this.isFiltered ? 0 : line), /** @type {HTMLElement} */ (this.window.parentElement));
    if (aborts.signal.aborted) return false;
    const focused = this.#focusedRow();
    this.isLive = true;
    this.window.classList.add("live-table");
    document.getElementById("pager")?.remove();
    for (const row of [...this.body.children]) row.remove();
    this.nodes.clear();
    this.#showEmpty();
    this.#size();
    this.window.scrollTop = 0;
    this.position = 0;
    if (focused) this.toRow(focused);
    else if (line > 1 && !this.isFiltered) this.toRow(line, false);
    else this.render();
    return true;
  }

  /** The row of the server's that has the focus: keys are pressed before the rows are read. @returns {number} 0: none */
  #focusedRow() {
    const row = /** @type {HTMLElement|null} */ (document.activeElement?.closest("#rows tr"));
    return row ? this.rowOf.get(row.dataset.id ?? "") ?? 0 : 0;
  }

  #showEmpty() {
    this.window.querySelector(".blank")?.remove();
    if (this.count) return;
    const empty = document.createElement("p");
    empty.className = "blank";
    empty.textContent = this.isFiltered ? "Nothing matches these filters." : "No items.";
    this.window.append(empty);
  }

  #size() {
    this.body.style.setProperty("height", `${this.spacerPx}px`);
    const least = this.count ? this.allPx + this.headPx + 2 : 160;
    this.window.style.setProperty("max-height", `${Math.max(120, least)}px`);
    set(this.table, "aria-rowcount", this.isFiltered && this.next ? "-1" : String(this.count + 1));
    const covered = document.getElementById("covered");
    const more = this.next ? ` and more` : "";
    write(covered, this.isFiltered ? `${plural(this.count, this.of.hasAdded ? "item" : "matching item")}${more}, in order` : `${plural(this.of.lines, "line")}, in order`);
  }

  // -- reading -------------------------------------------------------------------------------------

  /** Read the block of a row. @param {number} row counts from 1; of a filter, the next page */
  async #read(row) {
    if (this.isFiltered) return this.#readMore();
    const first = blockOf(Math.max(1, row));
    const before = this.blocks.get(first);
    if (before?.isLoading) return;
    const { seen } = this;
    const had = before?.items ?? new Map();
    const block = { items: had, isLoading: true };
    this.#keep(first, block);
    try {
      const answer = await call(`batch/${this.of.batchId}/items${query({ from_line: first, limit: BLOCK })}`, { signal: this.aborts.signal });
      block.items = new Map();
      for (const item of /** @type {Item[]} */ (answer.items)) {
        if (item.line >= first + BLOCK) break;
        block.items.set(item.line, newerOf(had.get(item.line), item, seen));
        this.rowOf.set(item.item_id, item.line);
      }
    } catch (error) {
      if (!before && this.blocks.get(first) === block) this.blocks.delete(first);
      if (/** @type {any} */ (error).name !== "AbortError") setTimeout(() => this.render(), 2000);
    } finally {
      block.isLoading = false;
    }
  }

  /** @param {number} first @param {Block} block */
  #keep(first, block) {
    this.blocks.delete(first);
    this.blocks.set(first, block);
    for (const key of [...this.blocks.keys()]) {
      if (this.blocks.size <= MAX_BLOCKS) break;
      if (key !== first) this.#drop(key);
    }
  }

  /** @param {number} first */
  #drop(first) {
    for (const item of this.blocks.get(first)?.items.values() ?? []) this.rowOf.delete(item.item_id);
    this.blocks.delete(first);
  }

  async #readMore() {
    if (this.isReading || (this.found.length && !this.next)) return;
    this.isReading = true;
    const { filter, found } = this;
    try {
      let n = 0;
      do { // a page may be empty though more follow
        const answer = await call(`batch/${this.of.batchId}/items${query({ state: filter.state, domain: filter.domain, q: filter.q, cursor: this.next, limit: BLOCK })}`, { signal: this.aborts.signal });
        if (found !== this.found) return;
        for (const item of /** @type {Item[]} */ (answer.items)) {
          if (this.rowOf.has(item.item_id)) continue;
          found.push(item);
          this.rowOf.set(item.item_id, found.length);
        }
        n += answer.items.length;
        this.next = answer.next_cursor;
      } while (this.next && n < 50);
      this.count = found.length;
      if (this.isLive) { this.#size(); }
    } catch (error) {
      if (/** @type {any} */ (error).name === "AbortError") return;
      throw error;
    } finally {
      if (found === this.found) this.isReading = false;
    }
  }

  /** @param {number} row @returns {Item|null|undefined} null: not read yet; undefined: the line made no item */
  itemAt(row) {
    if (this.isFiltered) return this.found[row - 1] ?? null;
    const block = this.blocks.get(blockOf(row));
    if (!block || (block.isLoading && !block.items.size)) return null;
    return block.items.get(row);
  }

  /** The item of a row, once it is read. @param {HTMLElement} row @returns {Promise<Item|undefined>} undefined: the line made none */
  async whenRead({ dataset }) {
    const row = Number(dataset.row);
    const item = this.isLive ? this.itemAt(row) : null;
    return item === null ? new Promise((tell) => { this.awaited.push({ id: dataset.id, row, tell }); }) : item;
  }

  // -- drawing -------------------------------------------------------------------------------------

  render() {
    if (!this.isLive) return;
    const first = Math.max(1, Math.floor(this.position / this.rowPx) + 1 - OVER);
    const last = Math.min(this.count, Math.ceil((this.position + this.viewPx) / this.rowPx) + OVER);
    const shift = this.window.scrollTop - this.position;
    for (const [row, node] of this.nodes) {
      const isKept = node.contains(document.activeElement);
      if ((row < first || row > last) && !isKept) { node.remove(); this.nodes.delete(row); }
    }
    for (let row = first; row <= last; row++) {
      const node = this.nodes.get(row) ?? makeRow(this.template);
      this.nodes.set(row, node);
      this.#fill(node, row);
    }
    for (const [row, node] of this.nodes) this.#place(node, row, shift);
    this.#order();
    this.#rove();
    this.#wantVisible(first, last);
  }

  /** Put all rows in their order; the one in focus stays where it is, for it would lose it: the others go around it. */
  #order() {
    let before = null;
    for (const [, node] of [...this.nodes].sort(([one], [other]) => other - one)) {
      if (node.contains(document.activeElement)) while (node.nextElementSibling !== before) this.body.prepend(/** @type {Element} */ (node.nextElementSibling));
      else if (node.parentNode !== this.body || node.nextElementSibling !== before) this.body.insertBefore(node, before);
      before = node;
    }
  }

  /** @param {HTMLTableRowElement} node @param {number} row @param {number} shift */
  #place(node, row, shift) {
    const to = `translateY(${(row - 1) * this.rowPx + shift}px)`;
    if (node.style.transform !== to) node.style.transform = to;
  }

  /** @param {HTMLTableRowElement} node @param {number} row */
  #fill(node, row) {
    const item = this.itemAt(row);
    fillRow(node, this.isFiltered ? item?.line ?? row : row, item, this.of);
    if (this.isFiltered) set(node, "aria-rowindex", String(row + 1));
    const isSelected = Boolean(item && item.item_id === this.selected);
    if (isSelected) set(node, "aria-selected", "true");
    else node.removeAttribute("aria-selected");
    const isMarked = Boolean(item && this.marked.has(item.item_id));
    if (node.hasAttribute("data-marked") !== isMarked) node.toggleAttribute("data-marked", isMarked);
    set(node, "data-row", String(row));
    if (item !== null && this.awaited.length) this.awaited = this.awaited.filter(({ id, row: at, tell }) => {
      const isOther = id ? id !== item?.item_id : at !== row;
      if (!isOther) tell(item);
      return isOther;
    });
    if (item !== null && row === this.entered) {
      this.entered = 0;
      if (item && node.contains(document.activeElement)) queueMicrotask(() => node.querySelector("a")?.click());
    }
  }

  /** Open the row in focus once it is read, if it is not yet. */
  #enter() {
    const row = Number(/** @type {HTMLElement|null} */ (document.activeElement?.closest("#rows tr.loading"))?.dataset.row);
    if (row) this.entered = row;
  }

  /** One stop of the Tab key for the table. */
  #rove() {
    const visible = Math.floor(this.position / this.rowPx) + 1;
    const at = this.nodes.has(this.focusRow) ? this.focusRow : visible;
    for (const [row, node] of this.nodes) {
      const link = node.querySelector("a");
      const index = row === at ? 0 : -1;
      if (link && link.tabIndex !== index) link.tabIndex = index;
    }
  }

  /** @param {number} first @param {number} last */
  #wantVisible(first, last) {
    clearTimeout(this.wanting);
    const isMissing = this.isFiltered ? last >= this.count - OVER && this.next !== null : [first, last].some((row) => this.itemAt(row) === null && row <= this.count);
    if (!isMissing) return;
    this.wanting = setTimeout(async () => {
      if (this.isFiltered) await this.#readMore().catch(() => { setTimeout(() => this.render(), 2000); });
      else await Promise.all([...new Set([first, Math.min(last, this.count)])].filter((row) => this.itemAt(row) === null).map((row) => this.#read(row)));
      this.render();
    }, SETTLE_MS);
  }

  // -- moving --------------------------------------------------------------------------------------

  #listen() {
    this.window.addEventListener("scroll", () => {
      const top = this.window.scrollTop;
      const scale = this.#scale();
      if (Math.abs(top - this.position * scale) > 1.5) this.position = scale === 1 ? top : Math.min(this.#mostPx(), top / scale);
      this.#later();
    }, { passive: true });
    this.window.addEventListener("wheel", (event) => {
      if (this.#scale() === 1 || event.ctrlKey || !event.deltaY) return;
      event.preventDefault(); // by rows, and not by the scale
      this.#moveTo(this.position + (event.deltaMode === 1 ? event.deltaY * this.rowPx : event.deltaY));
    }, { passive: false });
    this.window.addEventListener("keydown", (event) => {
      const page = Math.floor(this.viewPx / this.rowPx) - 1;
      const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, End: this.count, Home: -this.count };
      if (event.key === "Enter") this.#enter();
      const step = steps[/** @type {keyof typeof steps} */ (event.key)];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.step(step);
    });
    this.newer.addEventListener("click", () => this.showChanges());
    for (const name of ["pointerdown", "pointerup", "pointercancel"]) {
      this.window.addEventListener(name, (event) => { this.isDown = event.type === "pointerdown"; });
    }
    new ResizeObserver(() => { this.px = undefined; if (this.isLive) { this.#size(); this.#later(); } }).observe(this.window);
    setInterval(() => this.#refresh(), REFRESH_MS);
  }

  #mostPx() { return Math.max(0, this.allPx - this.viewPx); }
  #scale() { return this.allPx > MAX_PX ? (this.spacerPx - this.viewPx) / this.#mostPx() : 1; }

  /** @param {number} px */
  #moveTo(px) {
    this.position = Math.max(0, Math.min(this.#mostPx(), px));
    this.window.scrollTop = this.position * this.#scale();
    this.#later();
  }

  #later() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = 0; this.render(); });
  }

  /** Bring a row into view; focus it if it is to be. @param {number} row @param {boolean} isFocused */
  async toRow(row, isFocused = true) {
    row = Math.max(1, Math.min(this.count, row));
    const top = (row - 1) * this.rowPx;
    if (top < this.position || top + this.rowPx > this.position + this.viewPx) {
      this.#moveTo(isFocused && Math.abs(top - this.position) < 2 * this.viewPx ? (top < this.position ? top : top + this.rowPx - this.viewPx) : top - this.viewPx / 3);
    }
    this.focusRow = row;
    this.render();
    if (isFocused) this.nodes.get(row)?.querySelector("a")?.focus({ preventScroll: true });
  }

  /** Move the focus by rows. @param {number} step */
  step(step) {
    const row = /** @type {HTMLElement|null} */ (document.activeElement?.closest("#rows tr"));
    this.toRow(row ? Number(row.dataset.row) + step : this.focusRow && this.nodes.has(this.focusRow) ? this.focusRow : Math.floor(this.position / this.rowPx) + 1);
  }

  /** @param {string} itemId @param {number} step @returns {number} the next row that has an item, or is not read yet; 0: none */
  neighbour(itemId, step) {
    let row = this.rowOf.get(itemId);
    if (!row) return 0;
    do row += step; while (row > 0 && row <= this.count && this.itemAt(row) === undefined);
    return row > this.count ? 0 : row;
  }

  // -- what changes --------------------------------------------------------------------------------

  /** True while somebody reads, marks or points: the rows wait. */
  get isHeld() {
    const selection = document.getSelection();
    return Boolean(this.isDown || this.selected || this.body.contains(document.activeElement) || document.querySelector("dialog[open]") || (selection && !selection.isCollapsed && this.body.contains(selection.anchorNode)));
  }

  /** @param {import("./live.js").Frame} frame @param {number} done */
  take(frame, done) {
    this.last = { frame, done };
    if (this.doneAtLoad < 0) this.doneAtLoad = this.#there();
    if (frame.found && !this.of.hasAdded) { this.of.hasAdded = true; this.showChanges(); return; }
    this.seen++;
    if (this.isFiltered) {
      const isWhole = this.filter.state && !this.filter.domain && !this.filter.q && !this.next && !this.isReading;
      this.changes = Math.abs(this.#there() - (isWhole ? this.count : this.doneAtLoad)); // a frame may be older than the list
    } else if (this.isHeld) this.changes = Math.max(this.changes, Math.abs(done - this.doneAtLoad));
    else { this.changes = 0; this.doneAtLoad = done; }
    if (!this.isHeld && !this.isFiltered) {
      for (const item of frame.items ?? []) this.#patch(item);
    }
    this.#showNewer();
  }

  /** How many items the filter's state has, or are done, in the newest frame; -1: none came yet. @returns {number} */
  #there() {
    if (!this.last) return -1;
    return this.filter.state ? this.last.frame.counts[this.filter.state] ?? 0 : this.last.done;
  }

  /** @param {{item_id: string, state: string, attempt: number, reason: string|null, at: number}} change */
  #patch(change) {
    const row = this.rowOf.get(String(change.item_id));
    const item = row ? this.itemAt(row) : null;
    if (!row || !item) return;
    item.seen = this.seen;
    item.state = change.state;
    item.attempt = change.attempt;
    item.reason = change.reason;
    if (change.state === "succeeded") item.fetched_at = change.at;
    const node = this.nodes.get(row);
    if (node) this.#fill(node, row);
  }

  /** Read the visible window anew where something in it may have changed. */
  async #refresh() {
    if (!this.isLive || this.isFiltered || document.hidden || this.isHeld) return;
    const stale = [...this.nodes.keys()].filter((row) => {
      const item = this.itemAt(row);
      return item && !FINAL.has(item.state) && item.seen !== this.seen;
    });
    if (stale.length) await this.#reread(Math.min(...stale), Math.max(...stale));
  }

  /** Read some rows anew. @param {number} first @param {number} last */
  async #reread(first, last) {
    const { seen } = this;
    try {
      const answer = await call(`batch/${this.of.batchId}/items${query({ from_line: first, limit: Math.min(BLOCK, last - first + 1) })}`, { signal: this.aborts.signal });
      for (const item of /** @type {Item[]} */ (answer.items)) {
        const block = this.blocks.get(blockOf(item.line));
        const had = block?.items.get(item.line);
        if (had) block?.items.set(item.line, newerOf(had, item, seen));
        const node = this.nodes.get(item.line);
        if (node) this.#fill(node, item.line);
      }
    } catch {
      // the next time
    }
  }

  #showNewer() {
    this.newer.hidden = !this.changes;
    write(this.newer.querySelector("span"), `${number(this.changes)} newer ${this.changes === 1 ? "change" : "changes"}. Show them`);
  }

  /** Show what was only counted. */
  async showChanges() {
    if (!this.isLive) return; // what is being read is the newest
    this.changes = 0;
    this.doneAtLoad = this.#there();
    this.#showNewer();
    if (!this.isFiltered && !this.of.hasAdded) {
      const shown = new Set([...this.nodes.keys()].map(blockOf));
      for (const first of [...this.blocks.keys()]) if (!shown.has(first)) this.#drop(first);
      await Promise.all([...shown].map((first) => this.#read(first)));
      return this.render();
    }
    this.aborts.abort();
    const at = this.position;
    this.reset(this.filter);
    const { aborts } = this;
    try {
      await this.#readMore();
    } catch {
      setTimeout(() => { if (!aborts.signal.aborted) this.showChanges(); }, 2000);
      return;
    }
    if (aborts.signal.aborted) return;
    this.#showEmpty();
    this.#size();
    this.#moveTo(at);
  }
}
