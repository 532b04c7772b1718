// Whose score changed most since the last slice, kept true as scores move.

import { pageOf, signed } from "./words.js";

const MOST = 4; // as the server lists

export function paintMovers(rows) {
  const moved = rows.filter((row) => row.change_bp);
  const found = {
    risers: moved.filter((row) => row.change_bp > 0).sort((a, b) => b.change_bp - a.change_bp),
    fallers: moved.filter((row) => row.change_bp < 0).sort((a, b) => a.change_bp - b.change_bp),
  };
  for (const list of document.querySelectorAll("[data-movers]")) {
    const wanted = found[list.dataset.movers].slice(0, MOST);
    const told = wanted.map((row) => `${row.region}${row.change_bp}`).join();
    if (list.dataset.told !== told) list.replaceChildren(...wanted.map(line));
    list.dataset.told = told;
    list.closest(".movers").hidden = !moved.length;
  }
}

function line(row) {
  const link = document.createElement("a");
  link.href = pageOf(row.region);
  link.textContent = row.short_name;
  const by = document.createElement("b");
  by.dataset.way = row.change_bp > 0 ? "up" : "down";
  by.textContent = signed(row.change_bp);
  const item = document.createElement("li");
  item.append(link, " ", by);
  return item;
}
