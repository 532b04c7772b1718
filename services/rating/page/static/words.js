// Words and numbers, as the server writes them: its catalogue comes with the page.

const MESSAGES = JSON.parse(document.body.dataset.words);
const NAMES = JSON.parse(document.body.dataset.names ?? "null");
const MOSCOW_MS = 3 * 3_600_000; // Moscow has not changed its clocks since 2014

export const ABSENT = "—";

export const plain = (text) => text.toLowerCase().replaceAll("ё", "е");

export function t(name, values = {}) {
  if (!(name in MESSAGES)) throw new Error(`no message ${name}`);
  return MESSAGES[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

// A line of the stream under the names of the page's language.
export function localised(row) {
  const known = NAMES?.[row.region];
  return known ? { ...row, name: known[0], short_name: known[1] } : row;
}

export const zoneName = (zone) => t(`zone.${zone ?? "none"}`);

export const districtName = (name) => MESSAGES[`district.${name}`] ?? name;

export function points(bp) {
  if (bp === null) return ABSENT;
  return `${Math.floor(bp / 100)}${t("format.decimal")}${String(bp % 100).padStart(2, "0")}`;
}

export function signed(bp) {
  if (bp === null) return ABSENT;
  return (bp > 0 ? "+" : bp < 0 ? "−" : "") + points(Math.abs(bp));
}

export function percent(bp) {
  if (bp === null) return ABSENT;
  const tenths = Math.floor((bp + 5) / 10);
  const number = `${Math.floor(tenths / 10)}${t("format.decimal")}${tenths % 10}`;
  return t("format.percent", { number });
}

export function periodInWords(period) {
  const [year, part] = period.split("-");
  if (!part) return t("format.year", { year });
  if (part[0] === "Q") return t("format.quarter", { quarter: t(`quarter.${part[1]}`), year });
  return t("format.month", { month: t(`month.${Number(part)}`), year });
}

const inMoscow = (instant) => new Date(Date.parse(instant) + MOSCOW_MS);

export const moscowClock = (instant) => inMoscow(instant).toISOString().slice(11, 16);

export function moscowTime(instant) {
  const local = inMoscow(instant);
  const day = t("format.day", {
    day: local.getUTCDate(),
    month: t(`month.of.${local.getUTCMonth() + 1}`),
    year: local.getUTCFullYear(),
  });
  return t("format.moment", { day, time: local.toISOString().slice(11, 19) });
}

// An address within the pages, in the language that the page's own address asks for.
export function pageOf(region) {
  const lang = new URLSearchParams(location.search).get("lang");
  return `/regions/${region}${lang ? `?lang=${lang}` : ""}`;
}
