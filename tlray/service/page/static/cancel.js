// The cancel of a batch, which can be undone for some seconds; loaded when somebody cancels.

import { say, toast } from "./page.js";

const CANCEL_S = 8;
let isCounting = false;

/** Pause at once; cancel after some seconds, unless somebody wants it back. A closed page leaves it paused.
 * @param {HTMLElement} head @param {(action: string) => Promise<any>} act */
export async function cancelSlowly(head, act) {
  if (isCounting) return; // one message can undo it
  const wasRunning = head.dataset.state === "running";
  if (wasRunning) await act("pause");
  const stands = head.dataset.state;
  let left = CANCEL_S;
  isCounting = true;
  const words = () => `Paused. It is cancelled in ${left} s; what was fetched stays.`;
  const stop = () => { isCounting = false; clearInterval(timer); };
  const box = toast(words(), { label: "Undo", forMs: 0, takesFocus: true, act: async () => {
    stop();
    if (wasRunning) await act("resume").catch((error) => toast(error.message));
    say("Not cancelled");
  } });
  const timer = setInterval(async () => {
    left--;
    box.write(words());
    if (head.dataset.state !== stands) { stop(); box.close(); return; } // somebody resumed it, here or elsewhere
    if (left > 0) return;
    stop();
    box.close();
    try { await act("cancel"); say("Cancelled"); } catch (error) { toast(/** @type {Error} */ (error).message); }
  }, 1000);
}
