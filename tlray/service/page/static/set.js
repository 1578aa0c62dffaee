// A set: its text for the clipboard, the marks of its timeline by keyboard, and the row that plays at `#t=`.

import "./exports.js";
import "./newer.js";
import { copy, toast } from "./page.js";

const button = document.getElementById("copy");
const text = document.getElementById("as-text");

/** Copy by a selection, as pages on plain http must; if that is not allowed, it stands there selected. @param {HTMLElement} text */
function select(text) {
  text.closest("details")?.setAttribute("open", "");
  getSelection()?.selectAllChildren(text);
  const isCopied = document.execCommand("copy");
  if (!isCopied) text.scrollIntoView({ block: "center" });
  toast(isCopied ? "Tracklist copied." : "This browser lets no page copy here: the tracklist is selected, copy it by hand.");
}

if (button && text) {
  button.hidden = false;
  button.addEventListener("click", () => (navigator.clipboard ? copy(text.textContent ?? "", "Tracklist") : select(text)));
}

for (const lane of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".lane"))) {
  const marks = /** @type {SVGAElement[]} */ ([...lane.querySelectorAll(".mark")]);
  const named = lane.querySelector(".named");
  const name = (/** @type {Event} */ event) => {
    const mark = /** @type {Element} */ (event.target).closest(".mark");
    if (named) named.textContent = mark?.querySelector("title")?.textContent ?? "";
  };
  for (const kind of ["focusin", "focusout", "pointerover", "pointerout"]) {
    lane.addEventListener(kind, (event) => (kind.endsWith("out") ? named?.replaceChildren() : name(event)));
  }
  lane.addEventListener("keydown", (event) => {
    const at = marks.indexOf(/** @type {SVGAElement} */ (document.activeElement));
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: marks.length - 1 }[event.key];
    if (at < 0 || to === undefined || !marks[to]) return;
    event.preventDefault();
    marks[at].setAttribute("tabindex", "-1"); // one stop of Tab for the lane
    marks[to].setAttribute("tabindex", "0");
    marks[to].focus();
  });
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
