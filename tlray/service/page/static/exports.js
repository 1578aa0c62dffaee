// Export by a click. One answer has 32 MB at most: a larger file is taken in ranges and put together here.

import { toast } from "./page.js";

const MAX_SENT = 32_000_000;

document.addEventListener("click", async (event) => {
  const link = /** @type {HTMLAnchorElement|null} */ (/** @type {Element} */ (event.target).closest("a[data-export]"));
  if (!link || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  link.closest("details")?.removeAttribute("open");
  const told = toast("Writing the file …", { forMs: 0 });
  try {
    await save(link.href);
    told.close();
  } catch (error) {
    told.close();
    toast(/** @type {Error} */ (error).message || "The file could not be had.");
  }
});

/** @param {string} address */
async function save(address) {
  const parts = [];
  let name = "sets";
  let etag = "";
  for (let from = 0, size = 1; from < size; ) {
    const answer = await fetch(address, { headers: { Range: `bytes=${from}-${from + MAX_SENT - 1}`, ...(etag ? { "If-Match": etag } : {}) } });
    if (answer.status === 416) break; // the file is empty
    if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.detail ?? `The service answered ${answer.status}.`);
    if (etag && etag !== answer.headers.get("etag")) throw new Error("The sets have changed meanwhile. Export them again.");
    etag = answer.headers.get("etag") ?? "";
    name = /filename\*?=(?:utf-8'')?"?([^";]+)/i.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? name;
    const part = await answer.blob();
    parts.push(part);
    from += part.size;
    size = answer.status === 206 ? Number(/\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1] ?? from) : from;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts));
  link.download = decodeURIComponent(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
