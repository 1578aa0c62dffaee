// Keys that are pressed before the modules have come: kept in order, and given to `keys.js` when it asks for them.

(() => {
  if ("keys" in document.documentElement.dataset) return; // it was faster
  /** @type {KeyboardEvent[]} */ const kept = [];
  /** @param {KeyboardEvent} event */
  const keep = (event) => { kept.push(event); };
  document.addEventListener("keydown", keep);
  document.addEventListener("tl-keys", (event) => {
    document.removeEventListener("keydown", keep);
    kept.splice(0).forEach(/** @type {CustomEvent} */ (event).detail);
  });
})();
