// A set and a list of sets stand still while they are read; what has come since is one line.

import { poll } from "./api.js";

const EVERY_MS = 30_000;

const line = document.getElementById("newer");
if (line) {
  poll(line.dataset.path ?? "", EVERY_MS, (told) => { line.hidden = told.newest === line.dataset.newest; });
  document.addEventListener("tl-show", () => { if (!line.hidden) line.querySelector("a")?.click(); });
}
