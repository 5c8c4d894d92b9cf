import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changeDisplayName, removeAvatar, setAvatar } from "../../../functions/domain/profile.ts";
import { send } from "../../../functions/domain/send.ts";
import { getUser, profileOf } from "../../../functions/domain/users.ts";
import { parsePicture } from "../../../functions/http/picture.ts";
import { AVATAR_BYTES_MAX } from "../../../functions/protocol/limits.ts";
import { parseProfile } from "../../../functions/protocol/wire.ts";
import { openStorage, type Storage } from "../../storage.ts";
import { code, twoUsers } from "./fixture.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await openStorage("dynalite");
});
afterAll(() => storage?.close());

const PNG_START = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
const WEBP_START = Buffer.from("RIFF\x10\0\0\0WEBPVP8 ", "latin1");

/** Bytes that begin as a picture does, `length` of them in all. */
function picture(start: Uint8Array, length = 100): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(start.subarray(0, length));
  return bytes;
}

/** The code that a parse function refuses with. */
function refused(parsing: () => unknown): Promise<string> {
  return code(Promise.resolve().then(parsing));
}

describe("the display name", () => {
  const named = (displayName: unknown) => parseProfile(JSON.stringify({ displayName })).displayName;

  test("[U1] has 1 to 64 code points", async () => {
    for (const name of ["x", "x".repeat(64), "😀".repeat(64), "Ann O'Brien", "张三"]) expect(named(name)).toBe(name);
    for (const name of ["", "x".repeat(65), "😀".repeat(65)])
      expect(await refused(() => named(name)), name).toBe("invalid_display_name");
    expect(() => named("x".repeat(65))).toThrow(/1 to 64 code points.*65 code points/);
  });

  test("[U1] is kept in NFC, without white space at its ends, which does not count", async () => {
    expect(named("e\u0301")).toBe("\u00e9");
    expect(named("e\u0301".repeat(64))).toBe("\u00e9".repeat(64));
    expect(named(` \t${"x".repeat(64)}\n`)).toBe("x".repeat(64));
    expect(named("in  between")).toBe("in  between");
    expect(await refused(() => named(" \u3000 "))).toBe("invalid_display_name");
  });

  test("[U1] has no control characters, line breaks or halves of surrogate pairs", async () => {
    for (const bad of ["\0", "\n", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800", "\udc00"])
      expect(await refused(() => named(`a${bad}b`)), JSON.stringify(bad)).toBe("invalid_display_name");
  });

  test("[U1] may be null, but not left out, nor anything else", async () => {
    expect(named(null)).toBeNull();
    for (const body of ["{}", '{"displayName":1}', "[]", "not json", "", undefined])
      expect(await refused(() => parseProfile(body)), body).toBe("invalid_body");
  });

  test("[U1] is shown until it is taken away, then the username", async () => {
    const { alice, bob, ports, connect, say, recorder } = await twoUsers(storage);
    expect(await changeDisplayName(ports, { username: alice, displayName: "Al" })).toEqual({
      username: alice,
      displayName: "Al",
      avatar: null,
    });
    await connect(bob, "b1=");
    await say("hi");
    expect(recorder.framesOf("b1=")).toMatchObject([{ type: "message", sender: alice, senderName: "Al" }]);
    await changeDisplayName(ports, { username: alice, displayName: null });
    expect(profileOf(await getUser(storage.users, alice))).toMatchObject({ displayName: alice });
  });

  test("[U1] [L4] a user who never called before may choose one", async () => {
    const { ports } = await twoUsers(storage);
    const username = `new-${randomUUID()}`;
    await changeDisplayName(ports, { username, displayName: "New" });
    expect(await storage.users.get(username)).toEqual({ username, displayName: "New" });
  });
});

describe("the picture", () => {
  test("[U2] is PNG, JPEG or WebP by its bytes", () => {
    expect(parsePicture(picture(PNG_START)).contentType).toBe("image/png");
    expect(parsePicture(picture(JPEG_START)).contentType).toBe("image/jpeg");
    expect(parsePicture(picture(WEBP_START)).contentType).toBe("image/webp");
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["text", Buffer.from("Hello, I am no picture.")],
    ["SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ["GIF", picture(Buffer.from("GIF89a"))],
    ["a sound in RIFF", picture(Buffer.from("RIFF\x10\0\0\0WAVEfmt ", "latin1"))],
    ["a PNG that is cut off in its signature", PNG_START.subarray(0, 7)],
    ["a PNG that was sent as UTF-8", Buffer.from(PNG_START.toString("latin1"), "utf8")],
    ["a PNG behind one byte", Buffer.concat([Buffer.from([0]), PNG_START])],
  ])("[U2] %s is refused", async (_what, bytes) => {
    expect(await refused(() => parsePicture(bytes))).toBe("invalid_image");
  });

  test("[U2] has at most 65,536 bytes", async () => {
    expect(AVATAR_BYTES_MAX).toBe(65_536);
    expect(parsePicture(picture(PNG_START, 65_536)).image).toHaveLength(65_536);
    expect(await refused(() => parsePicture(picture(PNG_START, 65_537)))).toBe("image_too_large");
    expect(() => parsePicture(picture(PNG_START, 65_537))).toThrow(/at most 65536 bytes.*65537/);
  });

  test("[U2] the same has the same version, and one that differs in its last byte another", () => {
    const one = picture(PNG_START);
    const other = picture(PNG_START);
    other[99] = 1;
    const { version } = parsePicture(one);
    expect(version).toMatch(/^[0-9a-f]{16}$/);
    expect(parsePicture(Uint8Array.from(one)).version).toBe(version);
    expect(parsePicture(other).version).not.toBe(version);
  });

  test("[U2] its address holds its version; others see it with the next message", async () => {
    const { alice, bob, ports, connect, say, recorder } = await twoUsers(storage);
    const taken = parsePicture(picture(PNG_START));
    const avatar = `/api/users/${alice}/avatar?v=${taken.version}`;
    expect(await setAvatar(withPictures(ports), { username: alice, ...taken })).toMatchObject({ avatar });
    expect(await setAvatar(withPictures(ports), { username: alice, ...taken })).toMatchObject({ avatar });
    expect(await storage.avatars.get(alice)).toEqual({ username: alice, ...taken });
    await connect(bob, "b1=");
    await say("hi");
    expect(recorder.framesOf("b1=")).toMatchObject([{ type: "message", senderAvatar: avatar }]);
    const other = parsePicture(picture(JPEG_START));
    expect((await setAvatar(withPictures(ports), { username: alice, ...other })).avatar).not.toBe(avatar);
    expect(await storage.avatars.get(alice)).toMatchObject({ contentType: "image/jpeg" });
  });

  test("[U2] it is stored before it is shown, and no longer shown before it is removed", async () => {
    const { alice, ports } = await twoUsers(storage);
    const steps: string[] = [];
    const users: typeof storage.users = {
      ...storage.users,
      change: async (username, change) => {
        steps.push(change.avatarVersion === null ? "hide" : "show");
        return storage.users.change(username, change);
      },
    };
    const avatars: typeof storage.avatars = {
      ...storage.avatars,
      put: async (avatar) => {
        await storage.avatars.put(avatar);
        steps.push("stored");
      },
      remove: async (username) => {
        steps.push("remove");
        await storage.avatars.remove(username);
      },
    };
    await setAvatar({ ...ports, users, avatars }, { username: alice, ...parsePicture(picture(PNG_START)) });
    await removeAvatar({ ...ports, users, avatars }, alice);
    expect(steps).toEqual(["stored", "show", "hide", "remove"]);
  });

  test("[U2] is taken away, also twice, and where there was none", async () => {
    const { alice, ports } = await twoUsers(storage);
    const none = { username: alice, displayName: alice, avatar: null };
    expect(await removeAvatar(withPictures(ports), alice)).toEqual(none);
    await setAvatar(withPictures(ports), { username: alice, ...parsePicture(picture(PNG_START)) });
    expect(await removeAvatar(withPictures(ports), alice)).toEqual(none);
    expect(await removeAvatar(withPictures(ports), alice)).toEqual(none);
    expect(await storage.avatars.get(alice)).toBeUndefined();
    expect(await storage.users.get(alice)).toEqual({ username: alice });
  });

  /** The ports of a send, and the pictures. */
  const withPictures = (ports: Awaited<ReturnType<typeof twoUsers>>["ports"]) => ({
    ...ports,
    avatars: storage.avatars,
  });
});

test("[U3] every change is pushed to the user's own connections, and to nobody else's", async () => {
  const { alice, bob, ports, connect, recorder } = await twoUsers(storage);
  await send(ports, { sender: alice, recipient: bob, text: "hi" });
  await Promise.all([connect(alice, "a1="), connect(alice, "a2="), connect(bob, "b1=")]);
  const withAvatars = { ...ports, avatars: storage.avatars };
  const taken = parsePicture(picture(PNG_START));
  await changeDisplayName(ports, { username: alice, displayName: "Al" });
  await setAvatar(withAvatars, { username: alice, ...taken });
  await removeAvatar(withAvatars, alice);
  const frame = (avatar: string | null) => ({ type: "profile", username: alice, displayName: "Al", avatar });
  const frames = [frame(null), frame(`/api/users/${alice}/avatar?v=${taken.version}`), frame(null)];
  expect(recorder.framesOf("a1=")).toEqual(frames);
  expect(recorder.framesOf("a2=")).toEqual(frames);
  expect(recorder.framesOf("b1=")).toEqual([]);
});

test("[U4] anybody's profile is seen, with a path that a URL can hold; nobody's is refused", async () => {
  const username = `é+@-${randomUUID()}`;
  await storage.users.create(username, Date.now());
  expect(profileOf(await getUser(storage.users, username))).toEqual({ username, displayName: username, avatar: null });
  await storage.users.change(username, { avatarVersion: "v1" });
  const { avatar } = profileOf(await getUser(storage.users, username));
  expect(avatar).toBe(`/api/users/${encodeURIComponent(username)}/avatar?v=v1`);
  expect(await code(getUser(storage.users, `nobody-${randomUUID()}`))).toBe("unknown_user");
});
