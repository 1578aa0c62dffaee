// A set: its text for the clipboard, and the row that plays at `#t=`.

import "./exports.js";
import { copy } from "./page.js";

const button = document.getElementById("copy");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => copy(document.getElementById("as-text")?.textContent ?? "", "Tracklist"));
}

/** Mark the row that plays at the moment of the address, in seconds of the first recording. */
function markNow() {
  const at = Number(/^#t=(\d+(?:\.\d+)?)$/.exec(location.hash)?.[1] ?? NaN);
  let playing = null;
  for (const row of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("tr[data-at]"))) {
    row.classList.remove("now");
    if (Number(row.dataset.at) <= at) playing = row;
  }
  playing?.classList.add("now");
  playing?.scrollIntoView({ block: "center" });
}

addEventListener("hashchange", markNow);
markNow();
