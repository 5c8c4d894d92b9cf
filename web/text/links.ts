import { LinkifyIt } from "linkify-it";

/** A part of a message's text: as it is, or what leads somewhere. */
export type TextPart = string | { text: string; href: string };

const finder = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: false }).add("ftp:", null);

/** Schemes that a link may have; with anything else, as `javascript:`, it stays text. */
const SCHEMES = ["http:", "https:", "mailto:"];

/** The text in parts, of which each link goes to http, https or mailto. All parts together are the text. */
export function splitLinks(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { index, lastIndex, url, text: shown } of finder.match(text) ?? []) {
    const href = safeHref(url);
    if (href === undefined) continue;
    if (index > end) parts.push(text.slice(end, index));
    parts.push({ text: shown, href });
    end = lastIndex;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

function safeHref(url: string): string | undefined {
  try {
    const { protocol, href } = new URL(url);
    return SCHEMES.includes(protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}
