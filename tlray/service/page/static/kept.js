// Forms of several tabs, each an address of its own: what was typed in one of them is there again in the next.

const NOT_KEPT = new Set(["csrf", "key", "template", "do", "timezone"]);
const form = /** @type {HTMLFormElement|null} */ (document.querySelector("form[data-keep]"));
const key = `tlray-kept-${form?.dataset.keep}`;

/** @returns {Record<string, string>} */
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "{}");
  } catch {
    return {}; // a private window
  } finally {
    sessionStorage.removeItem(key);
  }
}

/** @param {HTMLFormElement} of @param {Record<string, string>} kept */
function restore(of, kept) {
  for (const [name, value] of Object.entries(kept)) {
    const field = of.elements.namedItem(name);
    const before = /** @type {HTMLInputElement|null} */ (field)?.value;
    if (field instanceof HTMLSelectElement) {
      if ([...field.options].some((option) => option.value === value)) field.value = value;
    } else if (field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && field.type !== "checkbox")) {
      field.value ||= value;
    }
    const fold = field instanceof Element ? field.closest("details") : null;
    if (fold && /** @type {HTMLInputElement} */ (field).value !== before) fold.open = true;
  }
}

if (form) {
  const kept = read();
  restore(form, kept);
  form.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest("a");
    if (link?.closest(".tabs, .actions") && !event.defaultPrevented) keep();
  });
  document.addEventListener("tl-leaving", keep); // to the sign-in

  function keep() {
    if (!form) return;
    for (const [name, value] of new FormData(form)) {
      const isCut = form.querySelector("[data-cut]")?.getAttribute("name") === name; // a long list shows its beginning only
      if (typeof value === "string" && !NOT_KEPT.has(name) && !name.startsWith("var.") && !isCut) kept[name] = value;
    }
    try { sessionStorage.setItem(key, JSON.stringify(kept)); } catch { /* too much, or a private window */ }
  }
}
