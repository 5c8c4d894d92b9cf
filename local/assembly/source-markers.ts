import * as v from "valibot";
import { text } from "./properties.ts";

/**
 * How a value is written in a marker's place. Source: AWS CDK, aws-s3-deployment, `encode_marker_value` of the
 * function that deploys.
 */
const ENCODERS = {
  LITERAL: (value: string) => value,
  JSON_VALUE: (value: string) => JSON.stringify(value),
  UNQUOTED_JSON_VALUE: (value: string) => JSON.stringify(value).slice(1, -1),
};

export const MarkersSchema = v.record(v.string(), text);
export const MarkersConfigSchema = v.strictObject({
  jsonEscape: v.optional(v.pipe(text, v.picklist(["true", "false"])), "false"),
  markerEncodings: v.optional(v.record(v.string(), v.picklist(["LITERAL", "JSON_VALUE", "UNQUOTED_JSON_VALUE"])), {}),
});

type Markers = v.InferOutput<typeof MarkersSchema>;
type MarkersConfig = v.InferOutput<typeof MarkersConfigSchema>;

/**
 * Puts the values in the places of their markers. Undefined where there are none, and the files stay what they are.
 * The content is given and taken with a character for each byte (Latin-1), so that a picture among the files stays
 * whole; the values are put in as UTF-8.
 */
export function replaceMarkers(
  markers: Markers = {},
  config: Partial<MarkersConfig> = {},
): ((content: string) => string) | undefined {
  const fallback = config.jsonEscape === "true" ? "UNQUOTED_JSON_VALUE" : "LITERAL";
  const replacements = Object.entries(markers).map(([marker, value]) => {
    const encode = ENCODERS[config.markerEncodings?.[marker] ?? fallback];
    return { marker, value: Buffer.from(encode(value), "utf8").toString("latin1") };
  });
  if (replacements.length === 0) return undefined;
  return (content) => replacements.reduce((text, { marker, value }) => text.replaceAll(marker, () => value), content);
}
