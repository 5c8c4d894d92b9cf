import { batch, computed, signal } from "@preact/signals";
import type { en } from "./en.ts";

type Words = typeof en;

/** What the page can be read in, by BCP 47 tag: its own name, and its words, which are loaded when they are needed. */
export const LANGUAGES = {
  en: { name: "English", load: () => import("./en.ts").then((module): Words => module.en) },
  "zh-CN": { name: "简体中文", load: () => import("./zh-cn.ts").then((module): Words => module.zhCn) },
} as const;
export type Language = keyof typeof LANGUAGES;

const KEY = "duet.language";

export const language = signal<Language>("en");
/** How dates are written: as the browser wants them, as far as it speaks this language. */
export const locale = computed(
  () => navigator.languages.find((tag) => tag.slice(0, 2) === language.value.slice(0, 2)) ?? language.value,
);
/** What the page says. Read in a view, it follows the language. There is nothing in it before `loadLanguage`. */
export const t = signal({} as Words);

/** Speaks the language that was chosen on this device, or the first of the browser's that there is. */
export function loadLanguage(): Promise<void> {
  return speak(kept() ?? preferred(navigator.languages));
}

/** Rejects where the words cannot be loaded; the language stays then. */
export async function chooseLanguage(chosen: Language): Promise<void> {
  await speak(chosen);
  localStorage.setItem(KEY, chosen);
}

async function speak(chosen: Language): Promise<void> {
  const words = await LANGUAGES[chosen].load();
  batch(() => {
    language.value = chosen;
    t.value = words;
  });
  document.documentElement.lang = chosen;
}

/** A sentence for an error: by its code where the page has one, or else what the error itself says, in English. */
export function explain(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return (code !== undefined && t.value.errors[code]) || message || t.value.somethingFailed;
}

function kept(): Language | undefined {
  const value = localStorage.getItem(KEY);
  return value !== null && value in LANGUAGES ? (value as Language) : undefined;
}

function preferred(tags: readonly string[]): Language {
  for (const tag of tags) {
    if (/^zh\b/i.test(tag)) return "zh-CN";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
}
