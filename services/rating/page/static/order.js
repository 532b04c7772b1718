// Who stands where, and rows that slide to their new places.

import { plain } from "./words.js";

const MOVE_MS = 700;
const stillness = matchMedia("(prefers-reduced-motion: reduce)");
const moving = new Map(); // element → its running animation

export function compare(a, b, way = 1) {
  const [noA, noB] = [a ?? null, b ?? null].map((value) => value === null);
  if (noA || noB) return noA - noB; // what is absent comes last either way
  return a === b ? 0 : (a < b ? -1 : 1) * way;
}

export function byStanding(a, b) {
  return (
    (a.raw_bp === null) - (b.raw_bp === null) ||
    compare(a.place, b.place) ||
    compare(plain(a.short_name), plain(b.short_name))
  );
}

// First, last, invert, play.
export function arrange(parent, wanted, { animate }) {
  if (wanted.every((element, index) => parent.children[index] === element)) return;
  const smooth = animate && !stillness.matches && !document.hidden;
  const before = new Map(smooth ? wanted.map((one) => [one, one.getBoundingClientRect()]) : []);
  for (const animation of moving.values()) animation.cancel();
  let next = parent.firstElementChild;
  for (const element of wanted) {
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
  if (!smooth) return;
  const after = wanted.map((element) => [element, element.getBoundingClientRect()]);
  for (const [element, end] of after) slide(element, before.get(element), end);
}

function slide(element, start, end) {
  const seen = (box) => box.height > 0 && box.bottom > 0 && box.top < innerHeight;
  const [dx, dy] = [start.left - end.left, start.top - end.top];
  if ((!dx && !dy) || !start.height || !(seen(start) || seen(end))) return;
  // Neighbours that only make room stay flat; what overtakes passes above them.
  element.classList.toggle("moving", dx !== 0 || Math.abs(dy) > 1.5 * end.height);
  const frames = [{ transform: `translate(${dx}px, ${dy}px)` }, { transform: "none" }];
  const timing = { duration: MOVE_MS, easing: "cubic-bezier(.2, 0, .2, 1)" };
  const animation = element.animate(frames, timing);
  const rest = () => {
    if (moving.get(element) !== animation) return;
    moving.delete(element);
    element.classList.remove("moving");
  };
  moving.set(element, animation);
  animation.addEventListener("finish", rest);
  animation.addEventListener("cancel", rest);
}
