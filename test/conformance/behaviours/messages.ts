import { describe, expect, test } from "vitest";
import { type Client, open } from "../stage/socket.ts";
import { newMark, type Stage } from "../stage/stage.ts";

/** Which function gets a message, and what becomes of its result. */
export function messages(stage: () => Stage): void {
  /** What a new connection to the main API gives. */
  const withClient = async <Result>(use: (client: Client) => Promise<Result>): Promise<Result> => {
    const client = await stage().open();
    try {
      return await use(client);
    } finally {
      client.socket.close();
    }
  };
  const errorFrame = (message: string) => ({
    message,
    connectionId: expect.any(String),
    requestId: expect.any(String),
  });

  describe.concurrent("the route of a message", () => {
    test.each([
      ["the one that the expression names", '{"action":"two-way"}', "two-way"],
      ["the one that a number names as text", '{"action":7}', "7"],
      ["$default for an unknown name", '{"action":"unknown"}', "$default"],
      ["$default for a name in another case", '{"action":"Two-Way"}', "$default"],
      ["$default for a name with a space", '{"action":"two-way "}', "$default"],
      ["$default without the member", '{"other":"two-way"}', "$default"],
      ["$default for a text that is not JSON", "action=two-way", "$default"],
      ["$default for JSON that is not an object (likely)", '"two-way"', "$default"],
    ])("is %s", async (_, text, routeKey) => {
      await withClient(async (client) => {
        expect((await client.ask(text)).requestContext.routeKey).toBe(routeKey);
      });
    });

    test("is none without $default: a Forbidden frame, and the connection stays open", async () => {
      const client = await open(stage().about.plain);
      expect(await client.ask("no route")).toEqual(errorFrame("Forbidden"));
      const { requestContext } = await client.ask({ action: "two-way" });
      client.socket.close();
      expect(requestContext.routeKey).toBe("two-way");
    });

    test("names the connection in a Forbidden frame, and each time another request", async () => {
      const client = await open(stage().about.plain);
      const [first, second] = [await client.ask("1"), await client.ask("2")];
      const { connectionId } = (await client.ask({ action: "two-way" })).requestContext;
      client.socket.close();
      expect(first.connectionId).toBe(connectionId);
      expect(second.requestId).not.toBe(first.requestId);
    });
  });

  describe.concurrent("the result of a route", () => {
    test("is the answer on a two-way route", async () => {
      await withClient(async (client) => {
        expect(await client.ask({ action: "two-way" })).toMatchObject({ body: '{"action":"two-way"}' });
      });
    });

    test("is the answer on a two-way route whatever its status", async () => {
      await withClient(async (client) => {
        const { requestContext } = await client.ask({ action: "two-way", do: "refuse" });
        expect(requestContext.eventType).toBe("MESSAGE");
      });
    });

    test("goes nowhere on a one-way route", async () => {
      await withClient(async (client) => {
        const mark = newMark();
        client.socket.send(JSON.stringify({ action: "one-way", do: "record", mark, name: "ran" }));
        await stage().recorded(mark, "ran");
        expect((await client.ask({ action: "two-way" })).requestContext.routeKey).toBe("two-way");
      });
    });

    test.each(["two-way", "one-way"])(
      "is an Internal server error frame when the function of a %s route throws, and the connection stays open",
      async (action) => {
        await withClient(async (client) => {
          expect(await client.ask({ action, do: "throw" })).toEqual(errorFrame("Internal server error"));
          expect((await client.ask({ action: "two-way" })).requestContext.routeKey).toBe("two-way");
        });
      },
    );

    test.each(["two-way", "one-way"])(
      "is an Internal server error frame when it has an unknown member, on a %s route",
      async (action) => {
        await withClient(async (client) => {
          expect(await client.ask({ action, do: "malformed" })).toEqual(errorFrame("Internal server error"));
        });
      },
    );

    test("is an Internal server error frame when the function times out (likely)", async () => {
      await withClient(async (client) => {
        expect(await client.ask({ action: "brief", do: "hang" })).toEqual(errorFrame("Internal server error"));
      });
    });

    test("is an Endpoint request timed out frame when the integration times out (likely)", async () => {
      await withClient(async (client) => {
        expect(await client.ask({ action: "late", do: "hang" })).toEqual(errorFrame("Endpoint request timed out"));
      });
    });

    test("does not wait for the one before: messages of one connection run at once (likely)", async () => {
      await withClient(async (client) => {
        const mark = newMark();
        client.socket.send(JSON.stringify({ do: "meet", mark, name: "a", other: "b" }));
        client.socket.send(JSON.stringify({ do: "meet", mark, name: "b", other: "a" }));
        const bodies = [(await client.next()).body, (await client.next()).body];
        expect(bodies.map((body) => JSON.parse(body ?? "{}").name).sort()).toEqual(["a", "b"]);
      });
    });
  });
}
