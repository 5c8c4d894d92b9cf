import { v7 } from "uuid";
import { AVATAR_BYTES_MAX } from "../../functions/protocol/limits.ts";

const PNG = Buffer.from("89504e470d0a1a0a0000000d4948445200000001000000010806000000", "hex");
/** The other kinds of picture, by how they begin. The gateway would take a body for text that does not say what it is. */
export const OTHER_PICTURES: RequestInit[] = [
  { body: Buffer.from("ffd8ffe0", "hex"), headers: { "content-type": "image/jpeg" } },
  { body: Buffer.from("RIFF\0\0\0\0WEBP"), headers: { "content-type": "image/webp" } },
];
const PICTURE = { "content-type": "image/png" };
/** The gateway takes 10 MB. */
const TOO_LARGE = Buffer.alloc(10 * 1024 * 1024 + 1, "x");

/** A request that alice makes: method, path, and what goes with it. */
export type Call = [method: string, path: string, init?: RequestInit];

const json = (body: unknown): RequestInit => ({ body: JSON.stringify(body) });
const messagesOf = (peer: string) => `/api/conversations/${peer}/messages`;

/** A request of each route that is in order, by its name. */
export const GOOD: Record<string, Call> = {
  postMessage: ["POST", messagesOf("bob"), json({ text: "hi bob" })],
  listMessages: ["GET", `${messagesOf("bob")}?after=0&limit=100`],
  listConversations: ["GET", "/api/conversations"],
  markRead: ["PUT", "/api/conversations/bob/read", json({ seq: 1 })],
  block: ["PUT", "/api/conversations/bob/block"],
  unblock: ["DELETE", "/api/conversations/bob/block"],
  getMe: ["GET", "/api/me"],
  putMe: ["PUT", "/api/me", json({ displayName: "Alice A." })],
  putAvatar: ["PUT", "/api/me/avatar", { body: PNG, headers: PICTURE }],
  getUser: ["GET", "/api/users/alice"],
  getAvatar: ["GET", "/api/users/alice/avatar"],
  deleteAvatar: ["DELETE", "/api/me/avatar"],
  closeConnections: ["DELETE", "/api/connections"],
};

/** Whatever is refused for what it says itself. */
export const BAD: Call[] = [
  ...["%20", "alice", "nobody"].flatMap((peer): Call[] => [
    ["POST", messagesOf(peer), json({ text: "hi" })],
    ["GET", messagesOf(peer)],
    ["PUT", `/api/conversations/${peer}/read`, json({ seq: 1 })],
    ["PUT", `/api/conversations/${peer}/block`],
    ["DELETE", `/api/conversations/${peer}/block`],
  ]),
  ...["%20", "nobody"].flatMap((user): Call[] => [
    ["GET", `/api/users/${user}`],
    ["GET", `/api/users/${user}/avatar`],
  ]),
  ...[
    {},
    { text: "hi", id: "1" },
    { text: "\ud800" },
    { text: " " },
    { text: "x".repeat(4097) },
    { text: "hi", id: v7({ msecs: Date.now() + 3_600_000 }) },
  ].map((body): Call => ["POST", messagesOf("bob"), json(body)]),
  ["GET", `${messagesOf("bob")}?limit=101`],
  ["GET", "/api/conversations?since=x"],
  ["GET", "/api/conversations?limit=1001"],
  ["PUT", "/api/conversations/bob/read", json({})],
  ["PUT", "/api/me", json({})],
  ["PUT", "/api/me", json({ displayName: "" })],
  ["PUT", "/api/me/avatar", { body: Buffer.alloc(AVATAR_BYTES_MAX + 1), headers: PICTURE }],
  ["PUT", "/api/me/avatar", { body: Buffer.from("GIF89a"), headers: PICTURE }],
  ["POST", messagesOf("bob"), { body: TOO_LARGE }],
  ["PUT", "/api/conversations/bob/read", { body: TOO_LARGE }],
  ["PUT", "/api/me", { body: TOO_LARGE }],
  ["PUT", "/api/me/avatar", { body: TOO_LARGE, headers: PICTURE }],
];
