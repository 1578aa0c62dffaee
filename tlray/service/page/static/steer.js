// Forms of schedules and templates: the zone of the browser, and what a template makes while its values are typed.

const zone = /** @type {HTMLInputElement|null} */ (document.querySelector("[data-zone-of-browser]"));
if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || zone.value;
