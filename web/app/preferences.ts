import { effect, type Signal, signal } from "@preact/signals";

export type Appearance = "system" | "light" | "dark";

/** What the user has chosen on this device. */
export const appearance = kept<Appearance>("duet.appearance", ["system", "light", "dark"]);
export const notifies = kept<"off" | "on">("duet.notifies", ["off", "on"]);
/** Whether a notification shows what was written. */
export const notificationText = kept<"off" | "on">("duet.notificationText", ["off", "on"]);

effect(() => {
  document.documentElement.dataset.appearance = appearance.value;
});

/** The first value is what is so until something is chosen. */
function kept<Value extends string>(key: string, values: [Value, ...Value[]]): Signal<Value> {
  const stored = localStorage.getItem(key) as Value | null;
  const preference = signal(stored !== null && values.includes(stored) ? stored : values[0]);
  effect(() => localStorage.setItem(key, preference.value));
  return preference;
}
