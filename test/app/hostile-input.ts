import fc from "fast-check";

/** Users whose names are those of members that every object has, or of unusual letters, or as long as can be. */
export const ODD_NAMES = ["__proto__", "constructor", "张三", "o.brien@x.cn", "𠮷".repeat(128)];

/** Two who talk, and have nothing to do with anybody else. */
export const BYSTANDERS = ["carol", "dave"] as const;

export interface HostileRequest {
  /** As it goes on the wire: not encoded, and not normalized, any further. */
  path: string;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

const json = (value: unknown) => JSON.stringify(value);
const times = (text: string, count: number) => fc.constant(text).map((one) => one.repeat(count));

/** Any text without halves of surrogate pairs. */
const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), fc.string());

const PROTOTYPE_NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];
const FIELDS = ["text", "id", "seq", "displayName", "action", "peer", "since", ...PROTOTYPE_NAMES];

const uuidV7 = fc.uuid({ version: 7 });

/** JSON of any shape, with what JSON can say and JavaScript cannot: repeated keys, 1e400, half a surrogate pair. */
const anyJson: fc.Arbitrary<string> = fc.oneof(
  fc.json(),
  fc.jsonValue().map(json),
  fc.constantFrom("null", "-0", "1e400", "-1e400", "9007199254740993", "1.5", "-1", "0", "1", '""', '" "', "{}", "[]"),
  fc.constantFrom('"\\ud800"', '"\\udc00x"', '"\\u0000"', '"a\\u0000b"', '"<b>x</b>"', '"&#xD800;"', '{"__proto__":1}'),
  anyText.map(json),
  uuidV7.map(json),
  { arbitrary: fc.constantFrom("[", '{"a":').map((open) => nested(open, 10_000)), weight: 1 },
);

function nested(open: string, levels: number): string {
  return open.repeat(levels) + (open === "[" ? "" : "1") + (open === "[" ? "]" : "}").repeat(levels);
}

/** An object with some of the fields that some route or frame takes, each with anything, perhaps twice. */
const objectWith = (fields: fc.Arbitrary<[string, string]>) =>
  fc.array(fields, { maxLength: 5 }).map((pairs) => `{${pairs.map(([key, value]) => `${json(key)}:${value}`)}}`);

const anyField = fc.tuple(fc.oneof(fc.constantFrom(...FIELDS), anyText), anyJson);
const likelyField = fc.oneof(
  fc.tuple(fc.constant("text"), anyText.map(json)),
  fc.tuple(fc.constant("id"), uuidV7.map(json)),
  fc.tuple(fc.constant("seq"), fc.integer({ min: -1 }).map(json)),
  fc.tuple(fc.constant("displayName"), fc.option(anyText).map(json)),
);

const PICTURES = ["\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "RIFF0000WEBP"].map((start) => Buffer.from(start, "latin1"));

/** Of 1 MB, or just above and below the limits of a text and of a picture. */
const longBody = fc
  .oneof(
    times('{"text":"', 1).chain((open) =>
      fc.constantFrom(4096, 4097, 65_537, 1_048_576).map((n) => `${open}${"x".repeat(n)}"}`),
    ),
    times("[", 1_048_576),
    times("\u{1f600}", 262_144),
  )
  .map((text) => Buffer.from(text));

const picture = fc
  .tuple(fc.constantFrom(...PICTURES), fc.constantFrom(0, 1, 65_536 - 12, 65_536))
  .map(([start, length]) => Buffer.concat([start, Buffer.alloc(length)]));

const body: fc.Arbitrary<Buffer> = fc.oneof(
  { arbitrary: fc.oneof(anyJson, objectWith(anyField)).map((text) => Buffer.from(text)), weight: 6 },
  { arbitrary: objectWith(likelyField).map((text) => Buffer.from(text)), weight: 6 },
  { arbitrary: anyText.map((text) => Buffer.from(text)), weight: 1 },
  { arbitrary: fc.constant(Buffer.alloc(0)), weight: 1 },
  { arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
  {
    arbitrary: fc.constantFrom(Buffer.from('{"text":"\xff"}', "latin1"), Buffer.from("\uFEFF{}"), Buffer.from("{")),
    weight: 1,
  },
  { arbitrary: picture, weight: 1 },
  { arbitrary: longBody, weight: 1 },
);

const contentType = fc.constantFrom(
  undefined,
  "application/json",
  "application/json",
  "text/plain",
  "application/octet-stream",
  "image/png",
  "application/json; charset=utf-16",
);

/** Whatever the field of a header may hold (RFC 9110, section 5.5), as one character a byte. */
const headerValue = fc.oneof(
  fc
    .array(fc.oneof(fc.constant(0x09), fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
      maxLength: 60,
    })
    .map((bytes) => String.fromCharCode(...bytes)),
  uuidV7,
  uuidV7.map((id) => id.toUpperCase()),
  fc.constantFrom(
    "",
    "undefined",
    "null",
    "__proto__",
    "TWegAc4EowCHnA_=",
    "../../@connections/x",
    "a,b",
    "x".repeat(4000),
  ),
);

const headers = fc
  .record(
    {
      "content-type": contentType,
      "idempotency-key": fc.oneof(headerValue, fc.array(headerValue, { minLength: 2, maxLength: 3 })),
      "duet-connection": fc.oneof(headerValue, fc.array(headerValue, { minLength: 2, maxLength: 3 })),
    },
    { requiredKeys: ["content-type"] },
  )
  .map((given) =>
    Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
  );

/** What may stand in the target of a request, of the characters that HTTP knows and of those it does not. */
const rawTarget = fc
  .array(fc.integer({ min: 0x21, max: 0xff }), { minLength: 1, maxLength: 20 })
  .map((bytes) => String.fromCharCode(...bytes.filter((byte) => byte !== 0x7f)));

const BAD_SEGMENTS =
  "% %zz %ff %c3 %ed%a0%80 %u0041 %00 a%00b . .. %2e %2e%2e %252e%252e %2F a%2Fb ..%2F..%2Fme # %23 ? %3F %3Fx %25 %2500 + %20 %0d%0a".split(
    " ",
  );
const SNOOPING = ["carol#dave", "dave#carol", "carol/dave", "carol\0dave", "carol ", "carol#dave#1", "*", "carol|dave"];

/** Names of users there are and are not, each allowed character, the longest and a longer one, not in NFC. */
const name = fc.oneof(
  { arbitrary: fc.constantFrom(...ODD_NAMES, "eve"), weight: 4 },
  {
    arbitrary: fc.constantFrom(...PROTOTYPE_NAMES, ...SNOOPING, "mallory", "e\u0301", "\u212b", "\u{1f600}"),
    weight: 2,
  },
  { arbitrary: fc.constantFrom("x".repeat(128), "x".repeat(129), "𠮷".repeat(129), "\u0344".repeat(128)), weight: 1 },
  {
    arbitrary: fc
      .array(fc.constantFrom("a", "Z", "é", "e\u0301", "ß", "\u0903", "7", "٣", "_", ".", "@", "+", "-", "中", "𠮷"), {
        minLength: 1,
        maxLength: 12,
      })
      .map((letters) => letters.join("")),
    weight: 1,
  },
  { arbitrary: anyText, weight: 1 },
);

const segment = (isSend: boolean): fc.Arbitrary<string> =>
  fc.oneof(
    { arbitrary: name.map(encodeURIComponent), weight: 6 },
    { arbitrary: name.map((one) => encodeURIComponent(encodeURIComponent(one))), weight: 1 },
    { arbitrary: fc.constantFrom(...BAD_SEGMENTS, ""), weight: 2 },
    { arbitrary: rawTarget, weight: 1 },
    // A message to a bystander is allowed, and would change what must not change.
    ...(isSend ? [] : [{ arbitrary: fc.constantFrom(...BYSTANDERS), weight: 2 }]),
  );

/** Cursors as the server makes them, nearly. */
const cursor = fc
  .tuple(
    fc.constantFrom("0", "1", "999999999999999", "-1", "1e3"),
    fc.constantFrom("0", "5", ""),
    fc.constantFrom("", "0", "7"),
    name,
  )
  .map(([since, startedAt, last, peer]) => `${since}.${startedAt}.${last}.${encodeURIComponent(peer)}`);

const queryValue = fc.oneof(
  fc.constantFrom(
    "0",
    "1",
    "2",
    "100",
    "101",
    "-1",
    "1.5",
    "1e2",
    "٣",
    "9007199254740991",
    "9007199254740992",
    "99999999999999999",
  ),
  cursor,
  anyText,
);

const query = fc.oneof(
  { arbitrary: fc.constant(""), weight: 3 },
  {
    arbitrary: fc
      .array(
        fc.tuple(fc.constantFrom("before", "after", "limit", "since", "v", "__proto__", "constructor"), queryValue),
        {
          minLength: 1,
          maxLength: 3,
        },
      )
      .map((pairs) => `?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&")}`),
    weight: 5,
  },
  {
    arbitrary: fc.constantFrom("?", "?%", "?limit=%zz", "?since=%ff", "?&&==", "?limit", "?limit=1&limit=2", "??"),
    weight: 1,
  },
  { arbitrary: rawTarget.map((raw) => `?${raw}`), weight: 1 },
);

/** Requests that reach this route, or nearly. */
export function hostileRequest({ method, path }: { method: string; path: string }): fc.Arbitrary<HostileRequest> {
  const parts = path
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith("{") ? segment(method === "POST") : fc.constant(part)));
  return fc.record({
    path: fc.tuple(fc.tuple(...parts), query).map(([path, query]) => path.join("") + query),
    headers,
    // Else hardly one in a hundred would be what the route takes.
    body: path.endsWith("/avatar") ? fc.oneof(body, picture) : body,
  });
}

/** Fragments of text and of markup, whose references and tags may hide anything. */
const fragment = fc.oneof(
  fc.constantFrom(
    "<b>",
    "</b>",
    "<br/>",
    "<script>",
    "</script>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<",
    ">",
    "&",
    ";",
  ),
  fc.constantFrom("&amp;", "&lt;", "&#0;", "&#xD83D;", "&#x110000;", "&#55357;&#56832;", "&nbsp;", "&amp;lt;"),
  fc.constantFrom("\u0000", "\r\n", "\u2028", "\uFEFF", "\u202e", "e\u0301", "\u{1f600}", "\ud800", "\udc00", "\uffff"),
  anyText,
);

/** What somebody may type. */
export const typedText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.array(fragment, { minLength: 1, maxLength: 12 }).map((fragments) => fragments.join("")), weight: 8 },
  {
    arbitrary: fc
      .tuple(
        fc.constantFrom("x", "\u{1f600}", "\u0000", '"', "&lt;", "<b>", "\u{10ffff}"),
        fc.constantFrom(4095, 4096, 4097),
      )
      .map(([one, count]) => one.repeat(count)),
    weight: 1,
  },
);

const frameField = fc.oneof(
  fc.tuple(
    fc.constant("action"),
    fc.constantFrom('"sync"', '"sync"', '"typing"', '"typing"', '"$connect"', '"$default"', '["sync"]'),
  ),
  fc.tuple(fc.constant("peer"), fc.oneof(fc.constantFrom(...BYSTANDERS), name).map(json)),
  fc.tuple(fc.constant("since"), fc.oneof(cursor, queryValue).map(json)),
  anyField,
);

/** Text frames of at most `bytesMax`. */
export const hostileFrame = (bytesMax: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      { arbitrary: objectWith(frameField), weight: 6 },
      {
        arbitrary: fc
          .tuple(fc.constantFrom("sync", "typing"), fc.array(frameField, { maxLength: 2 }))
          .map(
            ([action, fields]) =>
              `{${["action", ...fields.map(([key]) => key)].map((key, i) => `${json(key)}:${i === 0 ? json(action) : fields[i - 1]?.[1]}`)}}`,
          ),
        weight: 6,
      },
      { arbitrary: anyJson, weight: 2 },
      { arbitrary: anyText, weight: 1 },
      {
        arbitrary: fc
          .constantFrom('{"action":"sync","since":"', '{"action":"typing","peer":"', "")
          .map((open) => `${open}${"x".repeat(bytesMax - open.length - 2)}${open === "" ? "xx" : '"}'}`),
        weight: 1,
      },
    )
    .filter((frame) => frame !== "" && Buffer.byteLength(frame) <= bytesMax);
