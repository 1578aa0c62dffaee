// The list of batches: figures of open ones are kept up to date every 5 s while the page is seen. Cards keep their places.

import { call } from "./api.js";
import { number, rate, write } from "./text.js";
import { set } from "./head.js";
import { toast } from "./page.js";

const POLL_MS = 5000;
const PARTS = ["succeeded", "dead", "skipped", "cancelled", "leased", "waiting"];
let states = new Map([...document.querySelectorAll(".cards [data-id]")].map((card) => [/** @type {HTMLElement} */ (card).dataset.id, ""]));

/** @param {HTMLElement} card @param {any} status */
function show(card, status) {
  const counts = status.counts;
  write(card.querySelector('[data-f="done"]'), number(counts.succeeded + counts.dead + counts.skipped + counts.cancelled));
  write(card.querySelector('[data-f="dead"]'), number(counts.dead));
  write(card.querySelector('[data-f="rate"]'), rate(status.rate_per_min / 60));
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

async function poll() {
  if (document.hidden) return;
  let hasChanged = false;
  for (const card of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".cards [data-id]"))) {
    try {
      const status = await call(`batch/${card.dataset.id}/status`);
      const before = states.get(card.dataset.id);
      states.set(card.dataset.id, status.state);
      hasChanged ||= Boolean(before && before !== status.state);
      show(card, status);
    } catch {
      return;
    }
  }
  if (hasChanged) toast("A batch is in another state now.", { label: "Show", act: () => location.reload(), forMs: 0 });
}

if (states.size) setInterval(poll, POLL_MS);
