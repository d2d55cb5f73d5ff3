/** Times and lengths as people read them, in the language now spoken. */
import { language, t } from "./index.svelte";

const DAY = 86_400_000;

/** The running clock of a call: `m:ss`, from an hour on `h:mm:ss`. `seconds` below 0 count as 0. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A length in words: '42 seconds', '12 min 5 s', '1 h 20 min'. */
export function length(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return t("time.seconds", { count: whole });
  const minutes = Math.floor(whole / 60);
  if (minutes >= 60)
    return t("time.hours-minutes", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
  if (whole % 60 === 0) return t("time.minutes", { count: minutes });
  return t("time.minutes-seconds", { minutes, seconds: whole % 60 });
}

/** When something was, seen from `now` (both ms since 1970): today with its time, yesterday, a weekday, or a date. */
export function moment(at: number, now: number): string {
  const time = new Intl.DateTimeFormat(language(), { hour: "numeric", minute: "2-digit" }).format(at);
  const days = Math.round((midnight(now) - midnight(at)) / DAY);
  if (days <= 0) return t("time.today", { time });
  if (days === 1) return t("time.yesterday", { time });
  if (days < 7) {
    return t("time.weekday", {
      day: new Intl.DateTimeFormat(language(), { weekday: "long" }).format(at),
      time,
    });
  }
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(language(), {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(at);
}

/** A day in full, for what lies further back: '3 March 2026' as each language writes it. */
export function day(at: number): string {
  return new Intl.DateTimeFormat(language(), { dateStyle: "long" }).format(at);
}

/** As `moment`, in a word or a time, for narrow places. */
export function shortMoment(at: number, now: number): string {
  const form = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(language(), options).format(at);
  const days = Math.round((midnight(now) - midnight(at)) / DAY);
  if (days <= 0) return form({ hour: "numeric", minute: "2-digit" });
  if (days === 1) return t("time.yesterday-short");
  return form(days < 7 ? { weekday: "short" } : { day: "numeric", month: "short" });
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
