// The head of a batch: bar, counts, rate, estimate, domains, notes. Counts at most every 250 ms, the rest every second.

import { root } from "./api.js";
import { now, say, sayCalmly, setTime } from "./page.js";
import { clock, number, percent, plural, rate, safe, write } from "./text.js";

/** @typedef {import("./live.js").Frame} Frame */

const PARTS = ["succeeded", "dead", "skipped", "cancelled", "leased", "waiting"];
const FINAL = ["succeeded", "dead", "skipped", "cancelled"];
const SLOW_MS = 950;
const ETA_MS = 10_000;
const WORDS_MS = 3000;
const DEAD_MS = 6000; // for another count of the dead, which some sentences name
const POINTS = 60; // of five seconds each
export const LEAST_POINTS = 4; // fewer are no curve
const POINT_MS = 5000;

/** @param {Frame} frame @returns {number} */
export const doneOf = (frame) => FINAL.reduce((sum, name) => sum + (frame.counts[name] ?? 0), 0);

/** @param {number|null} early @param {number} late @param {string|null} [why] the domain that decides */
export function etaText(early, late, why) {
  const decides = why ? ` · ${safe(why)} decides` : "";
  return early && early > now() && early < late ? `Not before ${clock(early)}, likely by ${clock(late)}${decides}` : `Likely by ${clock(late)}${decides}`;
}

/** An honest word at the end. @param {{said: [number|null, number], at: number}} ended */
export const endedText = ({ said: [early, late], at }) => `At half way we said ${early ? `${clock(early)}–` : "by "}${clock(late)}; it ended ${clock(at)}.`;

export class Head {
  /** @param {HTMLElement} head @param {string} sprite */
  constructor(head, sprite) {
    this.head = head;
    this.sprite = sprite;
    this.batchId = head.dataset.id ?? "";
    this.name = head.dataset.name ?? "";
    this.bar = document.querySelector("svg.bar");
    this.counts = document.getElementById("counts");
    this.eta = document.getElementById("eta");
    this.notes = document.getElementById("notes");
    this.domains = document.querySelector("#domains tbody");
    this.spark = document.getElementById("spark");
    /** @type {(number|null)[]} */ this.points = Array(POINTS).fill(null);
    this.hasCurve = false;
    this.etaAt = 0;
    /** @type {[number, number]|null} */ this.range = null;
    this.slowAt = 0;
    this.quarter = -1;
    this.wordsKey = "";
    this.wordsAt = 0;
    this.nAsked = 0;
    this.notesSaid = "";
    /** @type {number|undefined} */ this.deadSaid = undefined;
    setInterval(() => this.#point(), POINT_MS);
  }

  /** @param {Frame} frame */
  show(frame) {
    this.frame = frame;
    this.#showBar(frame);
    this.#showCounts(frame);
    if (frame.state !== this.head.dataset.state) this.#showState(frame);
    const left = SLOW_MS - (Date.now() - this.slowAt);
    clearTimeout(this.slowly);
    if (left <= 0) this.#showSlow(frame);
    else this.slowly = setTimeout(() => this.#showSlow(frame), left); // the last frame is shown, too
    this.#speak(frame);
  }

  /** What is said once a second. @param {Frame} frame */
  #showSlow(frame) {
    this.slowAt = Date.now();
    write(this.#field("rate"), frame.state === "running" ? rate(frame.rate_per_min / 60) : "");
    this.#showEta(frame);
    this.#showDomains(frame);
    this.#showNotes(frame);
    for (const cell of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-figure]"))) write(cell, number(frame[cell.dataset.figure ?? ""]));
    this.showTitle(frame);
  }

  /** All that is seen of a hidden tab. @param {Frame} frame */
  showTitle(frame) {
    const share = percent(doneOf(frame), frame.total);
    const title = frame.state === "completed" ? `✓ ${this.name}` : `${share} · ${this.name}`;
    if (document.title !== title) document.title = title;
  }

  /** @param {string} name */
  #field(name) { return this.counts?.querySelector(`[data-f="${name}"]`); }

  /** @param {Frame} frame */
  #showBar(frame) {
    let x = 0;
    for (const name of PARTS) {
      const width = frame.total ? (100 * (frame.counts[name] ?? 0)) / frame.total : 0;
      const rect = this.bar?.querySelector(`[data-part="${name}"]`);
      const gap = this.bar?.querySelector(`[data-gap="${name}"]`);
      set(rect, "x", `${x.toFixed(3)}%`);
      set(rect, "width", `${width.toFixed(3)}%`);
      set(gap, "x", `${x.toFixed(3)}%`);
      set(gap, "width", x && width ? "2" : "0");
      x += width;
    }
    const progress = document.querySelector("progress");
    if (progress && progress.value !== doneOf(frame)) progress.value = doneOf(frame);
  }

  /** @param {Frame} frame */
  #showCounts(frame) {
    const c = frame.counts;
    write(this.#field("done"), number(doneOf(frame) - (c.cancelled ?? 0)));
    write(this.#field("cancelled"), number(c.cancelled));
    write(this.#field("total"), number(frame.total));
    write(this.#field("dead"), number(c.dead));
    write(this.#field("leased"), number(c.leased));
    write(this.#field("left"), number((c.queued ?? 0) + (c.waiting ?? 0)));
    write(this.#field("tracks"), number(frame.tracks));
    for (const name of ["dead", "cancelled"]) {
      const line = this.#field(`${name}-line`);
      if (line) /** @type {HTMLElement} */ (line).hidden = !c[name];
    }
    const retry = document.querySelector("[data-when-dead]");
    if (retry instanceof HTMLElement) {
      retry.hidden = !c.dead || !["running", "completed"].includes(frame.state);
      const label = retry.querySelector("button")?.lastChild;
      const text = `Retry ${number(c.dead)} dead`;
      if (label && label.nodeType === 3 && label.textContent !== text) label.textContent = text;
    }
  }

  /** @param {Frame} frame */
  #showState(frame) {
    this.head.dataset.state = frame.state;
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-when]"))) {
      part.hidden = !(part.dataset.when ?? "").split(" ").includes(frame.state);
    }
    this.slowAt = 0;
    this.wordsAt = 0;
  }

  /** @param {Frame} frame */
  #showEta(frame) {
    if (!this.eta) return;
    if (frame.state !== "running") { if (this.range || frame.state !== "completed") this.eta.replaceChildren(); this.range = null; return; }
    if (!frame.estimated_between) { this.range = null; return; } // the words of the service say why
    const [early, late] = frame.estimated_between; // rounded outward, and steady
    const shown = this.range;
    if (!late || (shown && shown[0] === early && shown[1] === late) || Date.now() - this.etaAt < ETA_MS) return;
    this.etaAt = Date.now();
    this.range = [early, late];
    write(this.eta, etaText(early, late, frame.estimate_waits_on));
  }

  /** @param {Frame} frame */
  #showDomains(frame) {
    for (const row of this.domains?.querySelectorAll("tr") ?? []) {
      const found = frame.domains?.[row.dataset.domain ?? ""];
      if (!found && frame.n_domains > Object.keys(frame.domains ?? {}).length) continue; // a frame names those with the most left
      const open = row.querySelector('[data-f="open"]');
      const done = row.querySelector('[data-f="done"]');
      const left = found?.open ?? 0;
      const all = /** @type {HTMLElement} */ (row);
      all.dataset.all ??= String(Number((open?.textContent ?? "0").replace(/\D/g, "")) + Number((done?.textContent ?? "0").replace(/\D/g, "")));
      write(open, number(left));
      if (!frame.state.startsWith("cancel")) write(done, number(Math.max(0, Number(all.dataset.all) - left))); // what is cancelled is not done
      write(row.querySelector('[data-f="in_flight"]'), number(found?.in_flight ?? 0));
    }
  }

  /** The sentences are the service's own; they are asked for when something of them has changed. @param {Frame} frame */
  async #showNotes(frame) {
    const domains = Object.entries(frame.domains ?? {});
    const key = JSON.stringify([frame.state, frame.trouble, frame.parked, domains.map(([name, d]) => [name, d.state, d.cooling_until, d.open > 0]), frame.estimate_missing, frame.state === "paused" && frame.counts.leased]);
    clearTimeout(this.later);
    if (key === this.wordsKey && frame.counts.dead === this.deadSaid) return;
    const waitMs = this.wordsAt + (key === this.wordsKey ? DEAD_MS : WORDS_MS) - Date.now();
    if (waitMs > 0) {
      this.later = setTimeout(() => { if (this.frame) this.#showNotes(this.frame); }, waitMs);
      return;
    }
    this.wordsAt = Date.now();
    this.deadSaid = frame.counts.dead;
    const isFirst = this.wordsKey === "";
    this.wordsKey = key;
    if (isFirst && this.head.dataset.version === String(frame.version)) return;
    const mine = ++this.nAsked;
    try {
      const answer = await fetch(`${root}batches/${this.batchId}/words`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error("no words");
      const words = await answer.json();
      if (mine !== this.nAsked) return; // newer ones are on their way
      this.#writeWords(words);
      this.deadSaid = words.dead;
      if (words.name !== this.frame?.state) this.wordsKey = "older"; // for a second all are told the same
    } catch {
      if (mine !== this.nAsked) return;
      this.wordsKey = "none"; // the offline line says it
    }
    if (this.frame) this.#showNotes(this.frame); // later, if there is something new
  }

  /** @param {{state: {glyph: string, tone: string, word: string}, eta: string, ended: any, resting: string, notes: any[], domains: any[]}} words */
  #writeWords(words) {
    const state = document.querySelector("#state .state");
    if (state) this.#writeState(state, words.state);
    if (this.eta && !this.range) write(this.eta, words.ended ? endedText(words.ended) : words.eta);
    write(document.querySelector('#domains [data-f="resting"]'), words.resting && `, ${words.resting}`);
    const before = this.notes?.textContent ?? "";
    const said = JSON.stringify(words.notes);
    if (said !== this.notesSaid) this.notes?.replaceChildren(...words.notes.map((note) => this.#note(note)));
    this.notesSaid = said;
    const after = words.notes[0]?.text ?? "";
    if (after && !before.includes(after.slice(0, 40))) say(after);
    for (const domain of words.domains) {
      const row = [...(this.domains?.querySelectorAll("tr") ?? [])].find((one) => one.dataset.domain === domain.domain);
      const cell = row?.querySelector('[data-f="state"]');
      const found = cell?.querySelector(".state");
      if (!cell || !found) continue;
      this.#writeState(found, domain);
      const until = cell.querySelector('[data-f="until"]');
      if (until && domain.until && !until.firstChild) until.append("until ");
      if (until && domain.until) setTime(until, domain.until, true);
      else until?.replaceChildren();
      write(cell.querySelector('[data-f="reason"]'), (domain.until && domain.reason ? " · " : "") + safe(domain.reason));
      write(row?.querySelector('[data-f="rate"]'), domain.rate);
      if (this.frame?.domains?.[domain.domain]) continue; // which is newer
      write(row?.querySelector('[data-f="done"]'), number(domain.done));
      write(row?.querySelector('[data-f="open"]'), number(domain.left));
    }
  }

  /** @param {Element} element @param {{glyph: string, tone: string, word: string}} state */
  #writeState(element, state) {
    element.className = `state t-${state.tone}`;
    set(element.querySelector("use"), "href", `${this.sprite}#${state.glyph}`);
    write(element.querySelector("span"), state.word);
  }

  /** @param {any} note as in `batch_words.py` */
  #note(note) {
    const line = document.createElement("div");
    line.className = note.is_bad ? "note bad" : "note";
    const icon = document.createElement("span");
    icon.className = `t-${note.tone}`;
    const glyph = /** @type {Element} */ (document.querySelector("#state svg")?.cloneNode(true) ?? document.createElement("i"));
    set(glyph.querySelector("use"), "href", `${this.sprite}#${note.glyph}`);
    icon.append(glyph);
    const text = document.createElement("span");
    const time = (/** @type {number} */ at, isClock = false) => { const when = document.createElement("span"); setTime(when, at, isClock); return when; };
    if (note.since) text.append(`${safe(note.lead)} at `, time(note.since, true), ". ");
    text.append(safe(note.text));
    if (note.until) text.append(" at ", time(note.until, true), ...(note.until - now() < 86_400 ? [" (", time(note.until), ")."] : ["."]));
    if (note.href) text.append(" ", Object.assign(document.createElement("a"), { href: root + note.href, textContent: note.label }));
    line.append(icon, text);
    if (note.retry) line.append(this.#retry(note.retry));
    return line;
  }

  /** The button of a group of dead letters. @param {Record<string, string|number>} group */
  #retry(group) {
    const form = document.createElement("form");
    form.dataset.action = `batches/${this.batchId}/retry-dead`;
    for (const name of ["kind", "domain", "seen"]) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: group[name] }));
    form.append(Object.assign(document.createElement("button"), { className: "tiny", textContent: `Retry ${number(Number(group.n))}` }));
    return form;
  }

  /** @param {Frame} frame */
  #speak(frame) {
    const quarter = frame.total ? Math.floor((4 * doneOf(frame)) / frame.total) : 0;
    if (this.quarter >= 0 && quarter > this.quarter && quarter < 4) sayCalmly(`${25 * quarter} % of ${this.name}`);
    this.quarter = quarter;
  }

  #point() {
    const isKnown = this.frame && this.frame.state === "running" && document.getElementById("offline")?.hidden;
    this.points.push(isKnown ? this.frame?.rate_per_min ?? null : null);
    this.points.shift();
    const { spark, points } = this;
    this.hasCurve ||= points.filter((point) => point !== null).length >= LEAST_POINTS;
    if (!spark || document.hidden || !this.hasCurve) return;
    import("./spark.js").then(({ draw }) => draw(spark, points, this.frame?.rate_per_min ?? 0), () => {}); // in five seconds again
  }
}

/** @param {Element|null|undefined} element @param {string} name @param {string} value */
export function set(element, name, value) {
  if (element && element.getAttribute(name) !== value) element.setAttribute(name, value);
}
