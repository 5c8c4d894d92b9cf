import type { WebSocket } from "ws";
import { type MeteredSystem, startMeteredSystem, type Use } from "./metered-system.ts";

export type OperationName =
  | "send to one device"
  | "send to three devices"
  | "sync"
  | "list of 20"
  | "read marker"
  | "connect"
  | "disconnect";

/** Of each operation; what is counted is a mean over them. */
const TIMES = 20;
/** 176 code points: longer than most messages are. */
const TEXT = "See you at the station at half past six; I will bring the tickets and something to eat. ".repeat(2);

/** Runs each operation through the running system, and counts all that it is charged for. */
export async function useOfOperations(tell: (step: string) => void): Promise<Record<OperationName, Use>> {
  tell("starting Duet on storage that counts");
  const system = await startMeteredSystem();
  try {
    const [alice = "", bob = "", carol = ""] = await users(system, ["alice", "bob", "carol"]);
    const sockets = { alice: await system.open(alice), bob: await system.open(bob) };
    const { connectionId } = await system.ask(sockets.alice, { action: "sync" });
    // As the client library does: the sender has a socket too, which needs no echo.
    const headers = { "duet-connection": String(connectionId) };
    const send = (peer: string) => (time: number) =>
      system.call("POST", `/conversations/${peer}/messages`, { token: alice, headers, body: { text: TEXT + time } });
    const measure = (name: OperationName, work: (time: number) => Promise<unknown>) => {
      tell(name);
      return system.measure(TIMES, work);
    };

    const one = await measure("send to one device", send("bob"));
    for (const _ of [1, 2, 3]) await system.open(carol);
    const three = await measure("send to three devices", send("carol"));
    let { cursor } = await system.ask(sockets.bob, { action: "sync" });
    const sync = await measure("sync", async () => {
      ({ cursor } = await system.ask(sockets.bob, { action: "sync", since: cursor }));
    });
    const dora = await withList(system, 20);
    const list = await measure("list of 20", () => system.call("GET", "/conversations", { token: dora }));
    const read = await measure("read marker", (time) =>
      system.call("PUT", "/conversations/alice/read", { token: bob, body: { seq: time + 1 } }),
    );
    const opened: WebSocket[] = [];
    const connect = await measure("connect", async () => void opened.push(await system.open(dora)));
    const disconnect = await measure("disconnect", async () => {
      for (const socket of opened.splice(0, 1)) await system.end(socket);
    });
    return {
      "send to one device": one,
      "send to three devices": three,
      sync,
      "list of 20": list,
      "read marker": read,
      connect,
      disconnect,
    };
  } finally {
    await system.close();
  }
}

/** Users exist from their first call on. */
async function users(system: MeteredSystem, usernames: string[]): Promise<string[]> {
  const tokens = await system.tokens(usernames);
  for (const token of tokens) await system.call("GET", "/conversations", { token });
  return tokens;
}

/** The token of a user to whom so many have written. */
async function withList(system: MeteredSystem, count: number): Promise<string> {
  const [dora = ""] = await users(system, ["dora"]);
  for (const token of await system.tokens(Array.from({ length: count }, (_, index) => `peer${index}`)))
    await system.call("POST", "/conversations/dora/messages", { token, body: { text: TEXT } });
  return dora;
}
