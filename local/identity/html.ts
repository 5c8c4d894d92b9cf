/** Markup that is safe to send: literal text of this program around escaped values. */
export interface Html {
  readonly markup: string;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * Template tag. A string is escaped, so that it may stand between tags and inside a quoted attribute
 * (never inside a script or style element); what this function made is taken as it is.
 */
export function html(literals: TemplateStringsArray, ...values: (string | Html | Html[])[]): Html {
  return { markup: String.raw({ raw: literals }, ...values.map(render)) };
}

function render(value: string | Html | Html[]): string {
  if (typeof value === "string") return value.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
  return Array.isArray(value) ? value.map((part) => part.markup).join("") : value.markup;
}
