import type { Profile } from "../../client/index.ts";
import { hue, initials } from "../text/initials.ts";
import { useChat } from "./chat-context.ts";

/** A user's picture, or what stands in its place. It says nothing to a screen reader: the name stands beside it. */
export function Avatar({ profile, size = "medium" }: { profile: Profile; size?: "small" | "medium" | "large" }) {
  const url = useChat().picture(profile.avatar);
  if (url !== undefined) return <img class={`avatar ${size}`} src={url} alt="" />;
  return (
    <span class={`avatar ${size}`} style={{ "--hue": String(hue(profile.username)) }} aria-hidden="true">
      {initials(profile.displayName)}
    </span>
  );
}
