// Schedules: when one has run, or was changed elsewhere, it is said; the list itself stays as people read it.

import { poll } from "./api.js";
import { toast } from "./page.js";

const POLL_MS = 5000;
let before = document.getElementById("list")?.dataset.stand;
let isSaid = false;

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const theirs of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-zone-of]"))) theirs.hidden = theirs.dataset.zoneOf === zone;

poll("schedules/stand", POLL_MS, ({ stand }) => {
  if (stand !== before && !isSaid) {
    isSaid = true;
    toast("Schedules ran or were changed meanwhile.", { label: "Show", act: () => location.reload(), forMs: 0 });
  }
  before = stand;
});
