import * as v from "valibot";

/** One header, cookie or parameter. `attributes` are those of a cookie that is set: `Secure; Path=/`. */
export interface Entry {
  name: string;
  value: string;
  attributes?: string | undefined;
}

const Single = { value: v.optional(v.string(), ""), attributes: v.optional(v.string()) };

/** Headers, cookies or parameters as an event has them: by name, and where one is there twice, all in `multiValue`. */
export const ValuesSchema = v.optional(
  v.record(v.string(), v.object({ ...Single, multiValue: v.optional(v.array(v.object(Single))) })),
  {},
);
export type Values = v.InferOutput<typeof ValuesSchema>;

export function groupEntries(entries: Entry[]): Values {
  const names = [...new Set(entries.map(({ name }) => name))];
  return Object.fromEntries(
    names.map((name) => {
      const all = entries.filter((entry) => entry.name === name).map(({ name: _, ...rest }) => rest);
      const [first = { value: "" }] = all;
      return [name, all.length > 1 ? { ...first, multiValue: all } : first];
    }),
  );
}

export function listEntries(values: Values): Entry[] {
  return Object.entries(values).flatMap(([name, { multiValue, ...single }]) =>
    (multiValue ?? [single]).map((one) => ({ name, ...one })),
  );
}

/** `a=b`; without a separator the whole text is the name. */
export function parseEntry(text: string, separator = "="): Entry {
  const index = text.indexOf(separator);
  return index < 0
    ? { name: text, value: "" }
    : { name: text.slice(0, index), value: text.slice(index + separator.length) };
}

export function joinEntries(values: Values, separator: string): string {
  return listEntries(values)
    .map(({ name, value }) => `${name}=${value}`)
    .join(separator);
}
