import { signal } from "@preact/signals";

/** Midnight before now, in the local zone, ms since the epoch. It changes at midnight, also after the device has slept. */
export const todayMs = signal(midnightBefore(new Date()));

const CHECK_MS = 30_000;
setInterval(() => {
  todayMs.value = midnightBefore(new Date());
}, CHECK_MS);

function midnightBefore(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** How many days a moment lies before today, in the local zone; a day of 23 or 25 hours is one. */
function daysAgo(date: Date): number {
  return Math.round((todayMs.value - midnightBefore(date)) / 86_400_000);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(language: string, date: Date, options: Intl.DateTimeFormatOptions): string {
  const key = `${language} ${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(language, options);
  formats.set(key, known);
  return known.format(date);
}

/** The local day of a moment, for comparing. */
export function dayKey(iso: string): string {
  return new Date(iso).toDateString();
}

/** `10:05` */
export function clockTime(language: string, iso: string): string {
  return format(language, new Date(iso), { hour: "2-digit", minute: "2-digit" });
}

/** Everything, for a title: `Wednesday, 25 November 2026 at 10:05:07`. */
export function fullTime(language: string, iso: string): string {
  return format(language, new Date(iso), { dateStyle: "full", timeStyle: "medium" });
}

/** `7 sec`; from two minutes on in minutes, rounded up. */
export function timeLeft(language: string, seconds: number): string {
  const [value, unit] = seconds < 120 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(value);
}

/** Above the messages of a day: today, yesterday, the weekday within a week, else the date. */
export function dayName(language: string, iso: string, words: { today: string; yesterday: string }): string {
  const date = new Date(iso);
  const days = daysAgo(date);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  if (days > 1 && days < 7) return format(language, date, { weekday: "long" });
  const isThisYear = date.getFullYear() === new Date(todayMs.value).getFullYear();
  return format(language, date, { day: "numeric", month: "long", ...(isThisYear ? {} : { year: "numeric" }) });
}

/** In the list of conversations: the time today, else the day, short. */
export function shortTime(language: string, iso: string, words: { yesterday: string }): string {
  const date = new Date(iso);
  const days = daysAgo(date);
  if (days <= 0) return clockTime(language, iso);
  if (days === 1) return words.yesterday;
  if (days < 7) return format(language, date, { weekday: "short" });
  const isThisYear = date.getFullYear() === new Date(todayMs.value).getFullYear();
  return format(language, date, isThisYear ? { day: "numeric", month: "short" } : { dateStyle: "short" });
}
