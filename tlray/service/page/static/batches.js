// The list of batches: figures of open ones are asked for every 5 s while the page is seen, all in one. Cards keep their places.

import { poll } from "./api.js";
import { number, plural, rate, safe, write } from "./text.js";
import { etaText, set } from "./head.js";
import { toast } from "./page.js";

const POLL_MS = 5000;
const PARTS = ["succeeded", "dead", "skipped", "cancelled", "leased", "waiting"];
const cards = new Map([...document.querySelectorAll(".cards [data-id]")].map((card) => [/** @type {HTMLElement} */ (card).dataset.id ?? "", /** @type {HTMLElement} */ (card)]));
let isSaid = false;

/** @param {HTMLElement} card @param {any} status */
function show(card, status) {
  const counts = status.counts;
  write(card.querySelector('[data-f="done"]'), number(counts.succeeded + counts.dead + counts.skipped));
  write(card.querySelector('[data-f="dead"]'), number(counts.dead));
  const dead = card.querySelector('[data-f="dead-line"]');
  if (dead) /** @type {HTMLElement} */ (dead).hidden = !counts.dead;
  write(card.querySelector('[data-f="rate"]'), rate(status.rate_per_min / 60));
  const [early, late] = status.end;
  const eta = card.querySelector('[data-f="eta"]');
  if (status.state === "running" && late) write(eta, etaText(early, late, status.why));
  else if (status.state === "running" && status.why) write(eta, `No end can be told yet: ${safe(status.why)}.`);
  let x = 0;
  for (const name of PARTS) {
    const width = status.total ? (100 * (counts[name] ?? 0)) / status.total : 0;
    set(card.querySelector(`[data-part="${name}"]`), "x", `${x.toFixed(3)}%`);
    set(card.querySelector(`[data-part="${name}"]`), "width", `${width.toFixed(3)}%`);
    set(card.querySelector(`[data-gap="${name}"]`), "x", `${x.toFixed(3)}%`);
    set(card.querySelector(`[data-gap="${name}"]`), "width", x && width ? "2" : "0");
    x += width;
  }
}

/** @param {{batches: any[]}} told */
function take({ batches }) {
  const open = new Map(batches.map((one) => [one.batch_id, one]));
  let nOther = batches.filter((one) => !cards.has(one.batch_id)).length;
  for (const [id, card] of cards) {
    const now = open.get(id);
    if (now) show(card, now);
    if (!now || now.state !== card.dataset.state) nOther++;
  }
  if (!nOther || isSaid) return;
  isSaid = true; // cards keep their places until somebody asks
  toast(`${plural(nOther, "batch", "batches")} began, ended or stand otherwise now.`, { label: "Show", act: () => location.reload(), forMs: 0 });
}

if (document.getElementById("live")?.hasAttribute("data-follows")) poll("batches/open", POLL_MS, take);
