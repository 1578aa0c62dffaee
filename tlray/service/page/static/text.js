// Numbers, rates, durations, moments, URLs and hostile text; the twin of `text.py`.

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff]/g;
const KEPT_END = 28;
const NUMBER = new Intl.NumberFormat("en");
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
const WEEKDAY_YEAR = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const EXACT = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
const SHORT_EXACT = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** @param {unknown} text @returns {string} the text with each control character and bidi mark as □ */
export const safe = (text) => String(text ?? "").replace(CONTROL, "□");

/** @param {string} text of several lines: tabs and ends of lines are no control characters there */
export const safeLines = (text) => text.split("\n").map((line) => safe(line.replace(/\r$/, "").replaceAll("\t", "    "))).join("\n");

/** @param {number|null|undefined} n */
export const number = (n) => (n == null ? "–" : NUMBER.format(Math.round(n)));

/** @param {number} n @param {string} one @param {string} [many] */
export const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

/** @param {number} part @param {number} whole rounded down: never 100 % before the end */
export function percent(part, whole) {
  if (!whole || part <= 0) return "0 %";
  const share = Math.floor((100 * part) / whole);
  return share ? `${Math.min(share, 100)} %` : "<1 %";
}

/** @param {number|null|undefined} perS */
export function rate(perS) {
  if (perS == null) return "no ceiling";
  if (perS <= 0) return "0/min";
  if (perS >= 2) return `${perS < 10 ? perS.toFixed(1).replace(/\.0$/, "") : number(perS)}/s`;
  if (perS * 60 >= 10) return `${number(perS * 60)}/min`;
  const apart = 1 / perS;
  if (apart < 60 && Math.abs(apart - Math.round(apart)) > 0.05) return `${(perS * 60).toFixed(1).replace(/\.0$/, "")}/min`;
  return `1 every ${duration(apart > 1 ? Math.round(apart) : apart)}`;
}

/** @param {number|null|undefined} seconds */
export function duration(seconds) {
  if (seconds == null) return "–";
  if (seconds < 1) return seconds ? `${Math.round(seconds * 1000)} ms` : "0 s";
  if (seconds < 10 && seconds % 1) return `${seconds.toFixed(1)} s`;
  const left = Math.round(seconds);
  const units = [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]];
  for (const [size, unit, smaller, name] of /** @type {[number, string, number, string][]} */ (units)) {
    if (left < size) continue;
    const part = Math.floor((left % size) / smaller);
    const n = Math.floor(left / size);
    return part ? `${n} ${unit} ${unit === "h" ? String(part).padStart(2, "0") : part} ${name}` : `${n} ${unit}`;
  }
  return `${left} s`;
}

/** @param {number} at with the year, if it is not this one */
export const day = (at) => (new Date(at * 1000).getFullYear() === new Date().getFullYear() ? WEEKDAY : WEEKDAY_YEAR).format(at * 1000);
/** @param {number} at epoch seconds; with the day, if it is not today */
export const clock = (at) => (new Date(at * 1000).toDateString() === new Date().toDateString() ? CLOCK.format(at * 1000) : day(at).replaceAll(",", ""));
/** @param {number} at */
export const exact = (at) => EXACT.format(at * 1000);
/** @param {number} at */
export const shortExact = (at) => SHORT_EXACT.format(at * 1000);

/** @param {number} at epoch seconds @param {number} now */
export function relative(at, now) {
  const away = at - now;
  if (Math.abs(away) >= 86400) return DAY.format(at * 1000);
  if (Math.abs(away) < 5) return away <= 0 ? "just now" : "now";
  const text = duration(Math.round(Math.abs(away))).split(" ").slice(0, 2).join(" ");
  return away > 0 ? `in ${text}` : `${text} ago`;
}

/** @param {string} url @returns {[string, string]} host and path, which are the URL without its scheme */
export function urlParts(url) {
  const rest = url.replace(/^https?:\/\/(www\.)?/, "");
  const slash = rest.indexOf("/");
  const host = slash < 0 ? rest : rest.slice(0, slash);
  return [host.slice(0, 80), slash < 0 ? "" : rest.slice(slash)];
}

/** @param {string} path @returns {[string, string]} its beginning, which a column may cut, and its end, from between two words on */
export function cutPath(path) {
  const letters = [...path];
  if (letters.length <= KEPT_END) return ["", path];
  const first = letters.length - KEPT_END;
  const word = letters.slice(first, first + KEPT_END / 2).findIndex((letter) => "-_/.".includes(letter));
  const at = first + Math.max(0, word);
  return [letters.slice(0, at).join(""), letters.slice(at).join("")];
}

/** @param {string|null|undefined} url @returns {string|null} the address, if a link may lead there */
export function webAddress(url) {
  try {
    const found = new URL(url ?? "");
    return found.protocol === "http:" || found.protocol === "https:" ? found.href : null;
  } catch {
    return null;
  }
}

/** Write a text only if it differs: a write costs a layout. @param {Element|null|undefined} element @param {string} text */
export function write(element, text) {
  if (!element) return;
  const node = element.firstChild;
  if (node && node.nodeType === 3 && !node.nextSibling) {
    if (/** @type {Text} */ (node).data !== text) /** @type {Text} */ (node).data = text;
  } else if (element.textContent !== text) element.textContent = text;
}
