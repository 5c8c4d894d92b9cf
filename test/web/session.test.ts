import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { loadConfig, type WebConfig } from "../../web/session/config.ts";
import { resumeSession, SignInError, signIn } from "../../web/session/session.ts";
import type { Channel, SessionWorld, Store } from "../../web/session/session-world.ts";
import { Browser } from "../local/identity/browser.ts";
import { CLIENT_ID, type System, startSystem } from "../local/identity/system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.close();
});

const config = (): WebConfig => ({
  issuer: system.userPool.issuer,
  clientId: CLIENT_ID,
  usernameClaim: "username",
  scope: "openid profile",
  logoutUrl: `${system.userPool.issuer}/logout`,
});

function memory(): Store & { entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}

/** Browsers of one device: what tabs share, and what each has for itself. */
function createDevice() {
  const device = memory();
  const browser = new Browser(system);
  const channels = new Set<Channel>();
  return {
    device,
    browser,
    tab() {
      const requests: string[] = [];
      let url = new URL(system.callbackUrl);
      let left: string | undefined;
      let isOnline = true;
      const channel: Channel = {
        onmessage: null,
        postMessage(data) {
          for (const other of channels) if (other !== channel) other.onmessage?.({ data } as MessageEvent<string>);
        },
      };
      channels.add(channel);
      const tab = memory();
      const world: SessionWorld = {
        fetch: (input, init) => {
          requests.push(`${init?.method ?? "GET"} ${new URL(String(input)).pathname.replace(/^.*local_Pool1/, "")}`);
          return isOnline ? fetch(input, init) : Promise.reject(new TypeError("Failed to fetch"));
        },
        url: () => url,
        replaceUrl: (path) => {
          url = new URL(path, url);
        },
        leave: (to) => {
          left = to;
        },
        tab,
        device,
        channel,
      };
      return {
        world,
        tab,
        requests,
        url: () => `${url.pathname}${url.search}`,
        open: (path: string) => {
          url = new URL(path, url);
        },
        left: () => left,
        setOnline: (value: boolean) => {
          isOnline = value;
        },
        /** Lets no answer through until the function that is answered is called. */
        hold() {
          let release = () => {};
          const held = new Promise<void>((resolve) => {
            release = resolve;
          });
          const send = world.fetch;
          world.fetch = async (input, init) => {
            const response = await send(input, init);
            await held;
            return response;
          };
          return () => {
            world.fetch = send;
            release();
          };
        },
        /** Follows to the issuer's page, signs in there unless the issuer knows the browser, and comes back. */
        async visitIssuer(username?: string) {
          const page = await browser.open(left ?? "");
          const back =
            page.url.searchParams.has("code") || username === undefined
              ? page
              : await browser.open(page.url.href, { username });
          url = back.url;
        },
      };
    },
  };
}

type Tab = ReturnType<ReturnType<typeof createDevice>["tab"]>;

async function signedIn(tab: Tab, username = "alice", returnTo = "/") {
  await signIn(config(), { returnTo }, tab.world);
  await tab.visitIssuer(username);
  const session = await resumeSession(config(), tab.world);
  if (session === undefined) throw new Error("nobody is signed in");
  return session;
}

const claims = (token: unknown) => JSON.parse(Buffer.from(String(token).split(".")[1] ?? "", "base64url").toString());
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

let device: ReturnType<typeof createDevice>;
beforeEach(() => {
  device = createDevice();
});

describe("signing in", () => {
  test("leads to the issuer and back to the path it began at, with an access token for the client", async () => {
    const tab = device.tab();
    tab.open("/c/bob");
    expect(await resumeSession(config(), tab.world)).toBeUndefined();
    const session = await signedIn(tab, "o.brien@x.cn", "/c/bob");
    expect(session.username).toBe("o.brien@x.cn");
    expect(tab.url()).toBe("/c/bob");
    expect(claims(await session.token({ refused: undefined }))).toMatchObject({ client_id: CLIENT_ID });
  });

  test("of names that are not Latin works", async () => {
    expect((await signedIn(device.tab(), "张三")).username).toBe("张三");
  });

  test("never leads to another host, whatever was asked for", async () => {
    for (const returnTo of ["//evil.example", "https://evil.example/", "/\\evil.example", ""]) {
      const tab = createDevice().tab();
      await signedIn(tab, "alice", returnTo);
      expect(tab.world.url().host).toBe(new URL(system.baseUrl).host);
      expect(tab.url()).toBe("/");
    }
  });

  test("leaves no token on the device: in the tab alone, and of the access token nothing at all", async () => {
    const tab = device.tab();
    const session = await signedIn(tab);
    const token = await session.token({ refused: undefined });
    expect([...device.device.entries]).toEqual([["duet.wasSignedIn", "yes"]]);
    expect(JSON.stringify([...tab.tab.entries])).not.toContain(String(token));
    expect(tab.tab.entries.has("duet.signIn")).toBe(false);
  });

  test("with an answer that this tab has not asked for, or that was changed, is refused", async () => {
    const stale = device.tab();
    stale.open("/?code=abc&state=xyz");
    expect(await failure(resumeSession(config(), stale.world))).toMatchObject({ code: "invalid" });
    expect(stale.url()).toBe("/");
    const changed = device.tab();
    await signIn(config(), { returnTo: "/" }, changed.world);
    await changed.visitIssuer("alice");
    const url = changed.world.url();
    url.searchParams.set("state", "another");
    changed.open(url.search);
    expect(await failure(resumeSession(config(), changed.world))).toMatchObject({ code: "invalid" });
    expect(await resumeSession(config(), changed.world)).toBeUndefined();
  });

  test("that the user does not want, or for which the issuer is away, says so", async () => {
    const tab = device.tab();
    await signIn(config(), { returnTo: "/c/bob" }, tab.world);
    const state = new URL(tab.left() ?? "").searchParams.get("state");
    tab.open(`/?${new URLSearchParams({ error: "access_denied", state: state ?? "", iss: system.userPool.issuer })}`);
    const denied = await failure(resumeSession(config(), tab.world));
    expect(denied).toBeInstanceOf(SignInError);
    expect(denied).toMatchObject({ code: "denied" });
    expect(tab.url()).toBe("/c/bob");
    await signIn(config(), { returnTo: "/" }, tab.world);
    const next = new URL(tab.left() ?? "").searchParams.get("state") ?? "";
    tab.open(`/?${new URLSearchParams({ error: "server_error", state: next, iss: system.userPool.issuer })}`);
    expect(await failure(resumeSession(config(), tab.world))).toMatchObject({ code: "unreachable" });
    tab.setOnline(false);
    expect(await failure(signIn(config(), { returnTo: "/" }, tab.world))).toMatchObject({ code: "unreachable" });
  });
});

describe("a session", () => {
  test("outlives a reload, and renews its token once for all who ask", async () => {
    const tab = device.tab();
    await signedIn(tab);
    tab.requests.length = 0;
    const session = await resumeSession(config(), tab.world);
    expect(session?.username).toBe("alice");
    const tokens = await Promise.all([1, 2, 3].map(() => session?.token({ refused: undefined })));
    expect(new Set(tokens).size).toBe(1);
    expect(tab.requests).toEqual(["GET /.well-known/openid-configuration", "POST /oauth2/token"]);
    const next = await session?.token({ refused: tokens[0] ?? undefined });
    expect(next).not.toBe(tokens[0]);
    expect(claims(next).username).toBe("alice");
  });

  test("is there after a reload without a network, and gets its token when the network is back", async () => {
    const tab = device.tab();
    await signedIn(tab);
    tab.setOnline(false);
    const session = await resumeSession(config(), tab.world);
    expect(session?.username).toBe("alice");
    expect(await failure(Promise.resolve(session?.token({ refused: undefined })))).toBeInstanceOf(TypeError);
    tab.setOnline(true);
    expect(await session?.token({ refused: undefined })).toEqual(expect.any(String));
  });

  test("whose refresh token the issuer no longer takes gives no token, and is not there after a reload", async () => {
    const tab = device.tab();
    await signedIn(tab);
    const kept = JSON.parse(tab.tab.getItem("duet.session") ?? "");
    tab.tab.setItem("duet.session", JSON.stringify({ ...kept, refreshToken: "taken back" }));
    const session = await resumeSession(config(), tab.world);
    expect(await session?.token({ refused: undefined })).toBeUndefined();
    tab.tab.setItem("duet.hasTried", "yes");
    expect(await resumeSession(config(), tab.world)).toBeUndefined();
  });

  test("of another tab is found by the issuer without a click, and no tab goes there by itself twice", async () => {
    await signedIn(device.tab());
    const second = device.tab();
    second.open("/c/bob");
    void resumeSession(config(), second.world);
    await expect.poll(() => second.left(), { timeout: 10_000 }).toBeDefined();
    await second.visitIssuer();
    expect((await resumeSession(config(), second.world))?.username).toBe("alice");
    expect(second.url()).toBe("/c/bob");
    const stubborn = device.tab();
    void resumeSession(config(), stubborn.world);
    await expect.poll(() => stubborn.left(), { timeout: 10_000 }).toBeDefined();
    expect(await resumeSession(config(), stubborn.world)).toBeUndefined();
  });

  test("ends everywhere on the device when the user signs out: refresh token, issuer's session, other tabs", async () => {
    const tab = device.tab();
    const session = await signedIn(tab);
    const other = device.tab();
    const otherSession = await signedIn(other);
    let isTold = false;
    otherSession.onSignedOutElsewhere(() => {
      isTold = true;
    });
    const { refreshToken } = JSON.parse(tab.tab.getItem("duet.session") ?? "");
    await session.signOut();
    expect(isTold).toBe(true);
    expect([...device.device.entries, ...tab.tab.entries, ...other.tab.entries]).toEqual([]);
    expect(tab.requests.at(-1)).toBe("POST /oauth2/revoke");
    const refused = await fetch(`${system.userPool.issuer}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "refresh_token", client_id: CLIENT_ID, refresh_token: refreshToken }),
    });
    expect(refused.status).toBe(400);
    const url = new URL(tab.left() ?? "");
    expect(url.pathname).toMatch(/\/logout$/);
    expect(Object.fromEntries(url.searchParams)).toEqual({ client_id: CLIENT_ID, logout_uri: system.callbackUrl });
  });

  test("that is being renewed while the user signs out does not come back", async () => {
    const tab = device.tab();
    const session = await signedIn(tab);
    const other = device.tab();
    const otherSession = await signedIn(other);
    otherSession.onSignedOutElsewhere(() => undefined);
    const token = await otherSession.token({ refused: undefined });
    const release = other.hold();
    const renewing = otherSession.token({ refused: token ?? undefined });
    await expect.poll(() => other.requests.at(-1), { timeout: 10_000 }).toBe("POST /oauth2/token");
    await session.signOut();
    release();
    expect(await renewing).toBeUndefined();
    expect([...other.tab.entries]).toEqual([]);
  });

  test("uses its token to the end where the issuer is away, or gives no refresh token", async () => {
    const tab = device.tab();
    await signIn(config(), { returnTo: "/" }, tab.world);
    await tab.visitIssuer("alice");
    const send = tab.world.fetch;
    const soonMs = Date.now() + 60_000;
    // A token of a minute, and no other.
    tab.world.fetch = async (input, init) => {
      const response = await send(input, init);
      if (!String(input).endsWith("/oauth2/token")) return response;
      const { refresh_token, ...tokens } = await response.json();
      const [head, body, signature] = tokens.access_token.split(".");
      const claimsNow = { ...claims(`.${body}`), exp: Math.floor(soonMs / 1000) };
      const short = Buffer.from(JSON.stringify(claimsNow)).toString("base64url");
      return Response.json({ ...tokens, access_token: `${head}.${short}.${signature}` });
    };
    const session = await resumeSession(config(), tab.world);
    expect(await session?.token({ refused: undefined })).toEqual(expect.any(String));
    tab.setOnline(false);
    expect(await session?.token({ refused: undefined })).toEqual(expect.any(String));
  });

  test("of which what is kept was damaged is none", async () => {
    const tab = device.tab();
    await signedIn(tab);
    tab.tab.setItem("duet.session", "{");
    tab.tab.setItem("duet.hasTried", "yes");
    expect(await resumeSession(config(), tab.world)).toBeUndefined();
  });

  test("ends here even where the issuer is away", async () => {
    const tab = device.tab();
    const session = await signedIn(tab);
    tab.setOnline(false);
    await session.signOut();
    expect([...device.device.entries, ...tab.tab.entries]).toEqual([]);
    expect(tab.left()).toBeDefined();
  });
});

describe("config.json", () => {
  const answer = (body: string, status = 200) => loadConfig(async () => new Response(body, { status }));
  const whole = { issuer: "https://a.example", clientId: "c", usernameClaim: "sub", scope: "openid" };

  test("says where to sign in", async () => {
    expect(await answer(JSON.stringify(whole))).toEqual(whole);
  });
  test.each([
    ["<html>", 200, "/config.json is not JSON."],
    ["", 403, "/config.json was answered 403."],
    ["null", 200, "/config.json has no issuer."],
    [JSON.stringify({ ...whole, clientId: "" }), 200, "/config.json has no clientId."],
    [JSON.stringify({ ...whole, scope: 3 }), 200, "/config.json has no scope."],
  ])("that is %s, status %s, is refused: %s", async (body, status, message) => {
    await expect(answer(body, status)).rejects.toThrow(message);
  });
});
