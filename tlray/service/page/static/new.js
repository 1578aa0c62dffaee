// A new batch: the list is checked while it is typed; files are dropped; long lists are sent in pieces.

import "./kept.js";
import { Problem, call, query } from "./api.js";
import { go, say, toast, whileReading } from "./page.js";
import { duration, number, plural, rate, safe, write } from "./text.js";

const CHECK_MS = 600;
const MAX_LINES = 10_000; // of one call
const MAX_CHARS = 700_000;
const PIECE_LINES = 10_000;
const PIECE_CHARS = 400_000;
const form = /** @type {HTMLFormElement} */ (document.getElementById("new"));
const lines = /** @type {HTMLTextAreaElement|null} */ (document.getElementById("lines"));
const result = /** @type {HTMLElement} */ (document.getElementById("result"));
const start = /** @type {HTMLButtonElement} */ (document.getElementById("start"));
const title = document.getElementById("check-title");
const faultBox = /** @type {HTMLElement} */ (document.getElementById("faults"));
/** @type {File[]} */ let files = [];
/** @type {string[]|null} */ let long = null; // a list that is too long for a text field
let isChecking = 0;
let isLeaving = false; // for the batch that was made: a second click makes no other

/** @param {string} path */
function leaveFor(path) {
  isLeaving = true;
  go(path);
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  /** @type {HTMLInputElement} */ (document.getElementById("timezone")).value = zone;
  write(document.querySelector("[data-zone]"), zone);
}

/** @param {string} what @returns {Promise<any>} the answer of the form's own address, as JSON */
async function send(what) {
  const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
  body.set("do", what);
  if (long) body.set("lines", what === "check" ? long.slice(0, MAX_LINES).join("\n").slice(0, MAX_CHARS) : "");
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => { throw new Problem(0, "The service does not answer."); });
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("tl-signed-out"));
  const told = await answer.json().catch(() => null);
  if (!told) throw new Error(`The service answered ${answer.status}.`);
  if (!answer.ok && !told.faults?.length) throw new Problem(answer.status, told.detail ?? "That did not work.");
  return told;
}

// -- the check ---------------------------------------------------------------------------------------

/** @param {boolean} [isAsked] false: while somebody types, who knows that fields are still empty */
async function check(isAsked = false) {
  if (files.length) return showFiles();
  const mine = ++isChecking;
  const hasList = lines ? (long?.length ?? 0) > 0 || lines.value.trim() !== "" : true;
  if (!hasList) return showNothing();
  try {
    const told = await whileReading(send("check"), /** @type {HTMLElement} */ (result.parentElement));
    if (mine !== isChecking) return;
    showFaults((told.faults ?? []).filter((/** @type {any} */ one) => isAsked || !["variables", "cron"].includes(one.field)), isAsked);
    if (told.preview) showPreview(told.preview, told.first_urls ?? []);
    else showNothing();
  } catch (error) {
    if (mine === isChecking) toast(/** @type {Error} */ (error).message);
  }
}

/** @param {string} text @param {string} [name] */
function line(text, name = "") {
  const element = document.createElement("p");
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

function showNothing() {
  write(title, "Nothing is checked yet");
  result.replaceChildren(line("What the list makes stands here before anything is sent: sets, duplicates, bad lines, and how long the sites let it take.", "muted"));
  start.hidden = true;
}

/** @param {any} preview @param {string[]} firstUrls */
function showPreview(preview, firstUrls) {
  write(title, "What it makes");
  const n = long ? long.length : preview.total;
  const parts = [line(`${long ? "about " : ""}${plural(n, "set")} on ${plural(preview.n_domains, "site")}`, "verdict")];
  if (long) parts.push(line(`The first ${number(preview.total + preview.duplicates + preview.n_rejected)} lines are checked here, the others while they are sent.`, "muted"));
  if (long && cron()) parts.push(line(`A schedule has at most ${number(MAX_LINES)} lines. Shorten the list, or empty “Repeat” to fetch it once.`, "free"));
  const leftOut = [preview.duplicates && plural(preview.duplicates, "duplicate"), preview.n_rejected && plural(preview.n_rejected, "bad line")].filter(Boolean);
  if (leftOut.length) parts.push(line(`${leftOut.join(" and ")} ${preview.duplicates + preview.n_rejected === 1 ? "is" : "are"} left out.`));
  if (preview.takes_s && !long) parts.push(line(`It takes about ${duration(preview.takes_s >= 600 ? Math.round(preview.takes_s / 60) * 60 : preview.takes_s)}${why(preview)}.`));
  for (const warning of preview.warnings ?? []) parts.push(line(safe(warning), "muted"));
  parts.push(siteTable(preview.domains));
  if (firstUrls.length) parts.push(list(firstUrls.map(safe), "left-out mono small"));
  const bad = preview.rejected.slice(0, 50).map((/** @type {any} */ one) => `Line ${number(one.line)} is left out: ${safe(one.url).slice(0, 80)} · ${safe(one.reason)}`);
  const same = preview.duplicate_lines.slice(0, 20).map((/** @type {any} */ one) => `Line ${number(one.line)} is the page of line ${number(one.first_line)}`);
  if (bad.length || same.length) parts.push(list([...bad, ...same], "left-out"));
  result.replaceChildren(...parts);
  start.hidden = n === 0 || Boolean(long && cron());
  start.textContent = cron() ? "Make the schedule" : `Start ${plural(n, "set")}`;
  say(`${plural(n, "set")}, ${plural(preview.duplicates, "duplicate")}, ${plural(preview.n_rejected, "bad line")}`);
}

/** Why it takes so long. @param {any} preview @returns {string} */
function why(preview) {
  const name = preview.estimate_waits_on;
  const domain = preview.domains.find((/** @type {any} */ one) => one.domain === name);
  if (domain) return `, because ${safe(name)} allows ${rate(domain.max_rate)}`;
  return name ? `, because of ${safe(name)}` : "";
}

const cron = () => /** @type {HTMLInputElement|null} */ (document.getElementById("cron"))?.value.trim() ?? "";

/** @param {string[]} texts @param {string} name */
function list(texts, name) {
  const element = document.createElement("ul");
  element.className = name;
  for (const text of texts) element.append(Object.assign(document.createElement("li"), { textContent: text, className: "free" }));
  return element;
}

/** @param {any[]} domains */
function siteTable(domains) {
  const all = /** @type {DocumentFragment} */ (/** @type {HTMLTemplateElement} */ (document.getElementById("sites")).content.cloneNode(true));
  const row = /** @type {HTMLTemplateElement} */ (document.getElementById("site")).content;
  for (const domain of domains.slice(0, 20)) {
    const line = /** @type {DocumentFragment} */ (row.cloneNode(true));
    const cells = line.querySelectorAll("td");
    write(cells[0]?.firstElementChild, safe(domain.domain));
    write(cells[1], number(domain.items));
    write(cells[2], domain.paused ? "paused" : rate(domain.max_rate));
    write(cells[3], duration(domain.takes_s));
    all.querySelector("tbody")?.append(line);
  }
  return /** @type {any} */ (all.firstElementChild);
}

/** @param {{field: string, what: string}[]} faults @param {boolean} isFocused */
function showFaults(faults, isFocused) {
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const all = document.createElement("ul");
  for (const { field, what } of faults.slice(0, 8)) {
    const link = Object.assign(document.createElement("a"), { href: `#${field}`, textContent: safe(what) });
    const entry = document.createElement("li");
    entry.append(link);
    all.append(entry);
    document.getElementById(field)?.setAttribute("aria-invalid", "true");
  }
  faultBox.replaceChildren(all);
  faultBox.hidden = faults.length === 0;
  if (faults.length && isFocused) {
    const fold = document.getElementById(faults[0]?.field ?? "")?.closest("details");
    if (fold) fold.open = true;
    faultBox.focus();
  }
}

let typing = 0;
form.addEventListener("input", (event) => {
  isChecking++; // an answer that is on its way is of a form that has changed
  if (event.target === lines && isLong(lines.value)) takeList("");
  clearTimeout(typing);
  typing = window.setTimeout(() => check(), CHECK_MS);
});
faultBox.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest("a");
  if (!link) return;
  event.preventDefault();
  document.getElementById((link.getAttribute("href") ?? "").slice(1))?.focus();
});

// -- sending -----------------------------------------------------------------------------------------

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = /** @type {HTMLButtonElement|null} */ (event.submitter);
  clearTimeout(typing);
  if (button?.value === "check") return check(true);
  isChecking++; // what a check says after this is older than what the service answers now
  start.disabled = true;
  try {
    if (files.length) await sendFiles();
    else if (long) await sendPieces(long);
    else {
      const told = await patient(() => send("start"));
      if (!told) return;
      if (told.faults?.length) showFaults(told.faults, true);
      else if (told.path) leaveFor(told.path.replace(/^\//, ""));
    }
  } catch (error) {
    toast(/** @type {Error} */ (error).message, { forMs: 12000 });
  } finally {
    start.disabled = isLeaving;
  }
});
addEventListener("pageshow", () => { isLeaving = start.disabled = false; }); // also by Back

/** @returns {{name: string, priority: string}} */
function named() {
  const data = new FormData(form);
  return { name: String(data.get("name") ?? ""), priority: String(data.get("priority") ?? "normal") };
}

/** Send a long list in pieces; nobody sees the batch before all of it is there. @param {string[]} all */
async function sendPieces(all) {
  const opened = await send("open");
  if (opened.faults.length) return showFaults(opened.faults, true);
  const path = `batch/${opened.batch_id}`;
  toast("Sending …", { forMs: 0 });
  let n = 0;
  for (let from = 0; from < all.length; n++) {
    let to = from;
    for (let chars = 0; to < all.length && to - from < PIECE_LINES && chars < PIECE_CHARS; to++) chars += (all[to]?.length ?? 0) + 1;
    const sent = await patient(() => call(`${path}/append?piece=${n + 1}`, { method: "POST", body: all.slice(from, to).join("\n"), headers: { "Content-Type": "text/plain" } }));
    if (!sent) return;
    from = to;
    toast(`Sent ${number(from)} of ${number(all.length)} lines`, { forMs: 0 });
  }
  await call(`${path}/commit`, { method: "POST", json: { pieces: n } });
  leaveFor(`batches/${opened.batch_id}`);
}

/** Try again while the service says that it is full, until somebody stops it. @param {() => Promise<any>} act @returns {Promise<any>} null: stopped */
async function patient(act) {
  for (let tries = 0; ; tries++) {
    try {
      return await act();
    } catch (error) {
      const status = /** @type {any} */ (error).status;
      if ((status !== 429 && status !== 503 && status !== 0) || tries > 60) throw error;
      if (!(await waits(/** @type {Error} */ (error).message, Math.min(30, 5 * (tries + 1))))) return null;
    }
  }
}

/** Wait for the next try, second by second. @param {string} reason @param {number} forS @returns {Promise<boolean>} false: stopped */
function waits(reason, forS) {
  return new Promise((go) => {
    let left = forS;
    const words = () => `${reason.replace(/\.?$/, ".")} Your list is safe here; next try in ${left} s.`;
    const end = (/** @type {boolean} */ goesOn) => { clearInterval(timer); box.close(); go(goesOn); };
    const box = toast(words(), { label: "Stop trying", forMs: 0, act: () => end(false) });
    const timer = setInterval(() => { if (--left <= 0) end(true); else box.write(words()); }, 1000);
  });
}

/** @param {File[]} all @returns {File[][]} so that each is one request */
function piecesOf(all) {
  /** @type {File[][]} */ const pieces = [];
  let bytes = 0;
  for (const file of all) {
    const last = pieces.at(-1);
    bytes += file.size;
    if (last && bytes <= MOST_BYTES && last.length < MAX_FILES) last.push(file);
    else { pieces.push([file]); bytes = file.size; }
  }
  return pieces;
}

async function sendFiles() {
  const pieces = piecesOf(files);
  const told = toast(`Sending ${plural(files.length, "file")} …`, { forMs: 0 });
  try {
    if (pieces.length === 1) return leaveFor(`batches/${(await call(`import${query(named())}`, { method: "POST", body: formOf(files) })).batch_id}`);
    const opened = await call(`import${query({ ...named(), state: "receiving" })}`, { method: "POST" });
    let n = 0;
    for (const [at, piece] of pieces.entries()) {
      if (!(await patient(() => call(`import/${opened.batch_id}/append?piece=${at + 1}`, { method: "POST", body: formOf(piece) })))) return;
      n += piece.length;
      told.write(`Sent ${number(n)} of ${plural(files.length, "file")}`);
    }
    await call(`batch/${opened.batch_id}/commit`, { method: "POST", json: { pieces: pieces.length } });
    leaveFor(`batches/${opened.batch_id}`);
  } finally {
    told.close();
  }
}

// -- files -------------------------------------------------------------------------------------------

const MAX_FILES = 1000; // of one request
const MOST_BYTES = 0.95 * Number(form.dataset.mostBytes); // of one request, without what stands around the files
const NOT_FOR_FILES = ["fresh_for", "not_before", "cron", "webhook", "email"];
const MAX_CHECKED_BYTES = 20_000_000; // more is checked by sending it
const KINDS = { tlray: "own export", "info-json": "info.json of a download", cue: "CUE sheet", serato: "Serato history", traktor: "Traktor collection or history", rekordbox: "rekordbox collection or history", virtualdj: "VirtualDJ history", chapters: "file of chapters", feed: "feed", page: "saved page", text: "text" };

/** What was chosen that does not apply to files; it is said before they are sent. @returns {HTMLElement[]} */
function notForFiles() {
  const given = NOT_FOR_FILES.filter((name) => valueOf(name)).map((name) => /** @type {HTMLInputElement|null} */ (document.getElementById(name))?.labels?.[0]?.textContent ?? name);
  const told = [];
  if (given.length) told.push(line(`Files are imported once, at once, and as they are. Without effect on them: ${given.join(", ")}.`, "free t-wait"));
  if (long || lines?.value.trim()) told.push(line("The list of URLs is not sent along with files: it stays under “Paste”.", "free t-wait"));
  return told;
}

/** @param {string} name @returns {string} the value of an option that was chosen, and does not stand there anyway */
function valueOf(name) {
  const field = /** @type {HTMLInputElement|HTMLSelectElement|null} */ (document.getElementById(name));
  if (field instanceof HTMLSelectElement) return field.selectedOptions[0]?.defaultSelected ? "" : field.value;
  return field?.value.trim() ?? "";
}

/** @returns {Promise<void>} */
async function showFiles() {
  const mine = ++isChecking;
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  listPicked();
  start.hidden = true;
  write(title, "What it makes");
  const head = line(`${plural(files.length, "file")}, ${number(Math.ceil(bytes / 1000))} kB`, "verdict");
  const large = files.filter((file) => file.size > MOST_BYTES);
  if (large.length) {
    result.replaceChildren(head, list(large.slice(0, 50).map((file) => `${safe(file.name)} is larger than the ${number(MOST_BYTES / 1000)} kB that this service takes at once.`), "left-out"), line("Leave it out here; the command “tlray import” takes it, on the machine of the service.", "muted"));
    return;
  }
  if (bytes > Math.min(MAX_CHECKED_BYTES, MOST_BYTES) || files.length > MAX_FILES) {
    result.replaceChildren(head, line("So much is not checked before: what is in them is said by their batch.", "muted"), ...notForFiles());
    offerImport(files.length);
    return;
  }
  result.replaceChildren(head, line("Looking into them …", "muted"));
  try {
    const told = await whileReading(call("import?dry_run=true", { method: "POST", body: formOf(files) }), /** @type {HTMLElement} */ (result.parentElement));
    if (mine !== isChecking) return;
    showImport(told);
  } catch (error) {
    if (mine !== isChecking) return;
    result.replaceChildren(head, line(safe(/** @type {Error} */ (error).message)), line("Leave out what is wrong, or check again.", "muted"));
  }
}

/** @param {any} told what the service says of the files */
function showImport(told) {
  const parts = [line(`${plural(told.total, "file")} to import`, "verdict")];
  if (told.kinds.length) parts.push(list(told.kinds.map((/** @type {any} */ one) => `${number(one.files)} × ${KINDS[/** @type {keyof typeof KINDS} */ (one.kind)] ?? one.kind}`), "plain-list"));
  if (told.duplicates) parts.push(line(`${plural(told.duplicates, "file")} with the content of another ${told.duplicates === 1 ? "is" : "are"} left out.`));
  const bad = told.rejected.slice(0, 50).map((/** @type {any} */ one) => `${safe(one.url)} is refused: ${safe(one.reason)}`);
  const unknown = told.unknown.slice(0, 50).map((/** @type {any} */ one) => `${safe(one.name)} is of no kind that is known: it would become a dead letter`);
  const n = told.n_rejected + told.n_unknown;
  if (n) parts.push(line(`${plural(n, "file")} cannot be read:`), list([...bad, ...unknown], "left-out"));
  if (!told.total) parts.push(line("Nothing here can be imported. Drop other files.", "muted"));
  result.replaceChildren(...parts, ...notForFiles());
  offerImport(told.total);
  say(`${plural(told.total, "file")} to import, ${number(n)} cannot be read`);
}

/** @param {number} n */
function offerImport(n) {
  start.hidden = n === 0;
  start.textContent = `Import ${plural(n, "file")}`;
}

/** @param {File[]} all */
function formOf(all) {
  const body = new FormData();
  for (const file of all) body.append("file", file, file.name);
  return body;
}

function listPicked() {
  document.getElementById("picked")?.replaceChildren(...files.map((file) => {
    const entry = document.createElement("li");
    entry.className = "line";
    const name = Object.assign(document.createElement("span"), { className: "free", textContent: `${safe(file.name)} · ${number(Math.ceil(file.size / 1000))} kB` });
    const out = Object.assign(document.createElement("button"), { type: "button", className: "tiny quiet", textContent: "Leave out" });
    out.setAttribute("aria-label", `Leave out ${safe(file.name)}`);
    out.addEventListener("click", () => { files = files.filter((one) => one !== file); check(); if (!files.length) { listPicked(); document.getElementById("pick")?.focus(); } });
    entry.append(name, out);
    return entry;
  }));
}

/** Take files: a list of URLs goes into the text field, anything else is imported. @param {Iterable<File>} chosen */
async function takeFiles(chosen) {
  for (const file of chosen) {
    const beginning = (await file.slice(0, 4000).text()).split(/\r?\n/).map((text) => text.trim()).filter((text) => text && !text.startsWith("#"));
    const isList = beginning.length > 0 && beginning.slice(0, 20).filter((text) => /^https?:\/\//.test(text)).length >= Math.min(20, beginning.length) / 2;
    if (isList && lines) takeList(await file.text());
    else files.push(file);
  }
  if (files.length) show("files");
  else show("paste");
  check();
}

/** @param {string} text @returns {boolean} true if a text field would be slow with it, and one form does not send it */
const isLong = (text) => text.length > MAX_CHARS || (text.match(/\n/g)?.length ?? 0) >= MAX_LINES;

/** Add a list to what stands there; of a long one the beginning is shown, and it is not changed there. @param {string} text */
function takeList(text) {
  if (!lines) return;
  const all = [...(long ?? lines.value.split(/\r?\n/)), ...text.split(/\r?\n/)].filter((one) => one.trim());
  if (!isLong(all.join("\n"))) { lines.value = all.join("\n"); return; }
  long = all;
  lines.dataset.cut = "";
  lines.readOnly = true;
  lines.value = `${all.slice(0, 200).join("\n")}\n# … and ${number(all.length - 200)} more lines`;
  const empty = Object.assign(document.createElement("button"), { type: "button", className: "tiny", textContent: "Take another list" });
  empty.addEventListener("click", emptyList);
  document.getElementById("n-lines")?.replaceChildren(`${number(all.length)} lines, too many to be changed here. `, empty);
}

function emptyList() {
  if (!lines) return;
  long = null;
  delete lines.dataset.cut;
  lines.readOnly = false;
  lines.value = "";
  write(document.getElementById("n-lines"), "Empty lines and lines that begin with # are skipped.");
  lines.focus();
  check();
}

/** @param {string} source */
function show(source) {
  const paste = document.getElementById("paste");
  const drop = document.getElementById("files");
  if (!paste || !drop) return;
  paste.hidden = source === "files";
  drop.hidden = source !== "files";
  for (const name of NOT_FOR_FILES) document.getElementById(name)?.closest(".field")?.classList.toggle("no-use", source === "files");
  const hint = document.getElementById("for-files");
  if (hint) hint.hidden = source !== "files";
  for (const tab of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#sources [data-source]"))) {
    if (tab.dataset.source === source) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (source === "paste") { files = []; document.getElementById("picked")?.replaceChildren(); }
}

if (lines) {
  if (lines.value) check();
  for (const tab of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#sources [data-source]"))) {
    tab.hidden = false;
    tab.addEventListener("click", (event) => { event.preventDefault(); show(tab.dataset.source ?? "paste"); check(); });
  }
  lines.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!isLong(text)) return;
    event.preventDefault(); // a field of megabytes is slow
    takeList(text);
    check();
  });
  document.getElementById("pick")?.addEventListener("change", (event) => takeFiles(/** @type {HTMLInputElement} */ (event.target).files ?? []));
  for (const name of ["dragenter", "dragover"]) addEventListener(name, (event) => { event.preventDefault(); show("files"); document.getElementById("files")?.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) addEventListener(name, (event) => { event.preventDefault(); document.getElementById("files")?.classList.remove("over"); });
  addEventListener("drop", (event) => takeFiles(/** @type {DragEvent} */ (event).dataTransfer?.files ?? []));
  lines.focus();
}


