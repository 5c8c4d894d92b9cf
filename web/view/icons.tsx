import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

const icon = (path: string) => () => (
  <Icon>
    <path d={path} />
  </Icon>
);

export const BackIcon = icon("M15 5l-7 7 7 7");
export const SendIcon = icon("M4 12l16-8-6 16-3-7-7-1z");
export const DownIcon = icon("M6 9l6 6 6-6");
export const MoreIcon = icon("M5 12h.01M12 12h.01M19 12h.01");
export const SettingsIcon = icon("M4 7h10M18 7h2M4 17h2M10 17h10M14 4.5v5M8 14.5v5");
export const ClockIcon = icon("M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z");
export const SentIcon = icon("M5 13l4 4L19 7");
export const ReadIcon = icon("M2 13l4 4L15 7M11 16l1 1L22 7");
export const FailedIcon = icon("M12 7v6M12 17h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z");
