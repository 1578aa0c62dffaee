// Calls of the HTTP API by the cookie of the page, and what it answers.

const page = document.documentElement.dataset;
export const root = page.root ?? "./";
export const csrf = page.csrf ?? "";

/** An answer that is no success: its status, and what to say of it. */
export class Problem extends Error {
  /** @param {number} status @param {string} detail @param {{where: string, what: string}[]} errors */
  constructor(status, detail, errors = []) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }
}

/**
 * @param {string} path below `/api/v1/`
 * @param {{method?: string, json?: unknown, body?: BodyInit, signal?: AbortSignal, headers?: Record<string, string>}} [options]
 * @returns {Promise<any>} the JSON of the answer; a `Problem` is thrown
 */
export async function call(path, { method = "GET", json, body, signal, headers = {} } = {}) {
  let answer;
  try {
    answer = await fetch(`${root}api/v1/${path}`, {
      method,
      signal,
      body: json === undefined ? body : JSON.stringify(json),
      headers: {
        Accept: "application/json",
        ...(method === "GET" ? {} : { "X-Tlray-CSRF": csrf, "X-Tlray-Client": "page" }),
        ...(json === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "The service does not answer.");
  }
  if (answer.status === 401) signIn();
  const isJson = /json/.test(answer.headers.get("content-type") ?? "");
  const told = isJson ? await answer.json() : null;
  if (!answer.ok) throw new Problem(answer.status, told?.detail || `The service answered ${answer.status}.`, told?.errors);
  return told;
}

/**
 * Ask an address of the page again and again while the page is seen; an answer that has not changed is not sent again.
 * `isAtOnce`: the view itself does not live of it, so that its silence is not told.
 * @param {string} path @param {number} everyMs @param {(told: any) => void} take @param {{isAtOnce?: boolean}} [options]
 */
export function poll(path, everyMs, take, { isAtOnce = false } = {}) {
  let tag = "";
  let askedAt = isAtOnce ? 0 : Date.now();
  let isAsking = false;
  let heardAt = Date.now();
  const ask = async () => {
    if (document.hidden || isAsking || Date.now() - askedAt < everyMs - 50) return;
    askedAt = Date.now();
    isAsking = true;
    try {
      const answer = await fetch(root + path, { cache: "no-store", headers: { Accept: "application/json", ...(tag ? { "If-None-Match": tag } : {}) }, signal: AbortSignal.timeout(15_000) });
      if (answer.status === 401) return void document.dispatchEvent(new CustomEvent("tl-signed-out"));
      if (answer.status < 500) heardAt = Date.now();
      if (!answer.ok) return; // also 304
      tag = answer.headers.get("etag") ?? "";
      take(await answer.json());
    } catch {
      // the next time
    } finally {
      isAsking = false;
      if (!isAtOnce) document.dispatchEvent(new CustomEvent("tl-heard", { detail: heardAt }));
    }
  };
  setInterval(ask, everyMs);
  document.addEventListener("visibilitychange", ask);
  if (isAtOnce) ask();
}

/** Go to the sign-in, and back from there. */
export function signIn() {
  document.dispatchEvent(new CustomEvent("tl-leaving"));
  const here = location.pathname + location.search;
  const depth = new URL(root, location.href).pathname.length;
  location.assign(`${root}sign-in?next=${encodeURIComponent(here.slice(depth))}`);
}

/** @param {Record<string, string|number|null|undefined>} given @returns {string} a query of what is given */
export function query(given) {
  const pairs = Object.entries(given).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return pairs.length ? `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}` : "";
}
