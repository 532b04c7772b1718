// Big news for those who listen: a few sentences at a time, and not too often.

import { t, zoneName } from "./words.js";

const ANNOUNCE_MS = 15_000;
const BIG_MOVE = 5; // places
const SENTENCES = 3;

const news = new Map(); // region → sentence that waits to be announced
let announcedAt = 0;
let timer = 0;

export function hear(before, row) {
  const sentence = bigNews(before, row);
  if (sentence) news.set(row.region, sentence);
}

export function forget() {
  news.clear();
}

export function announce() {
  if (!news.size) return;
  const wait = announcedAt + ANNOUNCE_MS - Date.now();
  if (wait > 0) {
    clearTimeout(timer);
    timer = setTimeout(announce, wait);
    return;
  }
  const sentences = [...news.values()];
  const count = sentences.length - SENTENCES;
  const more = count > 0 ? ` ${t("script.news.more", { count })}` : "";
  const text = `${sentences.slice(0, SENTENCES).join(". ")}.${more}`;
  document.querySelector("[data-announce]").textContent = text;
  news.clear();
  announcedAt = Date.now();
}

function bigNews(before, row) {
  const zone = before.zone !== row.zone && row.zone !== null;
  const placed = before.place !== null && row.place !== null;
  const far = placed && Math.abs(before.place - row.place) >= BIG_MOVE;
  const leads = placed && row.place === 1 && before.place !== 1;
  if (!zone && !far && !leads) return null;
  const facts = [];
  if (far || leads) facts.push(t("script.news.place", { place: row.place, before: before.place }));
  if (zone) facts.push(t("script.news.zone", { zone: zoneName(row.zone) }));
  return `${row.short_name}: ${facts.join(", ")}`;
}
