import { expect, test } from "vitest";
import { REFUSALS } from "../../functions/protocol/errors.ts";
import * as limits from "../../functions/protocol/limits.ts";
import { isUsername } from "../../functions/protocol/username.ts";
import type { ServerFrame } from "../../functions/protocol/wire.ts";
import { ROUTES } from "../../lib/http-api.ts";
import { openDocuments, type Schema } from "./documents.ts";

const { openapi, asyncapi, operations, documented, sent, hold, faults } = openDocuments();
const schemas = openapi.components.schemas;

test("the routes of the stack are those of the document", () => {
  const routes = ROUTES.map(([method, path]) => `${method} ${path}`);
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(routes.sort());
});

test("the frames of the protocol are those of the document", () => {
  // A type that is missing here, or too many, does not compile.
  const types: Record<ServerFrame["type"], true> = {
    message: true,
    read: true,
    typing: true,
    profile: true,
    synced: true,
    error: true,
  };
  const described = Object.values(sent).flatMap(({ properties }) => properties?.type?.const ?? []);
  expect(described.sort()).toEqual(Object.keys(types).sort());
});

test("every code has its title and its status, and comes in an answer or a frame", () => {
  const codes = schemas.Code?.oneOf as Schema[];
  expect(codes.map(({ const: code, title, "x-status": status }) => [code, { status, title }])).toEqual(
    Object.entries(REFUSALS),
  );
  for (const [code, { status }] of Object.entries(REFUSALS)) {
    const places = documented.filter((one) => one.endsWith(` ${code}`));
    expect(places, code).not.toEqual([]);
    for (const place of places) expect(place).toMatch(new RegExp(`^frame |^\\w+ \\S+ ${status} `));
  }
});

test("limits are those of limits.ts, and the words beside them say the same", () => {
  const limit = (name: string, keyword: string) => schemas[name]?.[keyword];
  const member = (name: string, one: string) => schemas[name]?.properties?.[one];
  expect(limit("Username", "maxLength")).toBe(limits.USERNAME_CODE_POINTS_MAX);
  expect(limit("Text", "maxLength")).toBe(limits.TEXT_CODE_POINTS_MAX);
  expect(limit("Preview", "maxLength")).toBe(limits.PREVIEW_CODE_POINTS_MAX);
  expect(limit("Picture", "maxLength")).toBe(limits.AVATAR_BYTES_MAX);
  expect(limit("DisplayName", "maxLength")).toBe(
    Math.max(limits.DISPLAY_NAME_CODE_POINTS_MAX, limits.USERNAME_CODE_POINTS_MAX),
  );
  expect(member("Send", "text")?.maxLength).toBe(limits.TYPED_LENGTH_MAX);
  expect(member("Sent", "delivered")?.maximum).toBe(limits.CONNECTIONS_MAX);
  expect(member("MessagePage", "messages")?.maxItems).toBe(limits.MESSAGE_PAGE_MAX);
  expect(member("ConversationPage", "conversations")?.maxItems).toBe(limits.ROW_PAGE_MAX);

  const { messagesPerBurst, newPeersPerHour } = limits.SENDER_LIMITS_DEFAULT;
  const words = JSON.stringify([openapi, asyncapi]).replaceAll(/\\n\s*/g, " ");
  for (const stated of [
    `"maximum":${limits.MESSAGE_PAGE_MAX},"default":${limits.MESSAGE_PAGE_DEFAULT}`,
    `"maximum":${limits.ROW_PAGE_MAX},"default":${limits.ROW_PAGE_DEFAULT}`,
    `${messagesPerBurst} messages in ${limits.BURST_WINDOW_MS / 1000} s to one conversation`,
    `${newPeersPerHour} conversations opened in an hour`,
    `1 to ${limits.TEXT_CODE_POINTS_MAX.toLocaleString("en")} code points`,
    `1 to ${limits.DISPLAY_NAME_CODE_POINTS_MAX} code points`,
    `at most ${limits.ID_SKEW_MS_MAX / 1000} s ahead`,
    `at most ${limits.FRAME_BYTES_MAX / 1024} KB`,
    `most ${limits.CONNECTION_LIFE_MS_MAX / 3_600_000} hours`,
    `at most ${limits.CONNECTIONS_MAX} of them`,
  ])
    expect(words).toContain(stated);
});

test("what the server sends is closed, so that a member which is not described is a fault", () => {
  // What a client sends is open, and whatever refers to a row closes it.
  const open = ["Send", "ReadMarker", "NameChange", "Row"];
  const closed = Object.entries({ ...schemas, ...sent }).filter(
    ([name, { properties }]) => properties && !open.includes(name),
  );
  for (const [name, { additionalProperties }] of closed) expect(additionalProperties, name).toBe(false);
  expect(closed.length).toBeGreaterThan(15);
});

test("the pattern of a username takes what the server takes", () => {
  const names = [
    "a",
    ".",
    "..",
    "...",
    "a b",
    "a#b",
    "\u5f20\u4e09",
    "a+b@c.d-e",
    "",
    "a/b",
    "x".repeat(128),
    "x".repeat(129),
  ];
  for (const name of names) {
    faults.length = 0;
    hold("username", name, "openapi.yaml#/components/schemas/Username");
    expect(faults.length === 0, name).toBe(isUsername(name));
  }
});
