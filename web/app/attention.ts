import { computed, signal } from "@preact/signals";

const isVisible = signal(document.visibilityState === "visible");
const hasFocus = signal(document.hasFocus());
document.addEventListener("visibilitychange", () => {
  isVisible.value = document.visibilityState === "visible";
});
addEventListener("focus", () => {
  hasFocus.value = true;
});
addEventListener("blur", () => {
  hasFocus.value = false;
});

/** Whether somebody is looking at this page: only then are messages read. */
export const isAttended = computed(() => isVisible.value && hasFocus.value);
