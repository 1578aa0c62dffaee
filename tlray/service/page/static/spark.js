// The curve of a batch's rate in the last minutes; loaded when there are points enough.

import { LEAST_POINTS, set } from "./head.js";
import { plural, rate } from "./text.js";

const NARROWEST = 12; // so many points fill the width

/** @param {Element} spark @param {(number|null)[]} points a minute, every five seconds; null: not known @param {number} newest */
export function draw(spark, points, newest) {
  const most = Math.max(1, ...points.map((point) => point ?? 0));
  let line = "";
  let area = "";
  let start = -1;
  const first = Math.max(0, points.findIndex((point) => point !== null)); // it grows from the left
  const shown = points.slice(first);
  shown.forEach((point, x) => {
    if (point === null) { if (start >= 0) area += `L${x - 1} 24Z`; start = -1; return; }
    const y = (23 - (22 * point) / most).toFixed(1);
    line += `${start < 0 ? "M" : "L"}${x} ${y}`;
    area += start < 0 ? `M${x} 24L${x} ${y}` : `L${x} ${y}`;
    if (start < 0) start = x;
  });
  if (start >= 0) area += `L${shown.length - 1} 24Z`;
  spark.toggleAttribute("hidden", line.split("L").length < LEAST_POINTS || most <= 1);
  set(spark, "viewBox", `0 0 ${Math.max(NARROWEST, shown.length) - 1} 24`);
  set(spark.querySelector(".line"), "d", line);
  set(spark.querySelector(".area"), "d", area);
  const minutes = plural(Math.max(1, Math.round(shown.length / 12)), "minute");
  spark.setAttribute("aria-label", `Rate of the last ${minutes}, now ${rate(newest / 60)}; at most ${rate(most / 60)}`);
}
