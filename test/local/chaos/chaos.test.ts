import {
  ApiGatewayManagementApiClient,
  ApiGatewayManagementApiServiceException,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import { expect, test } from "vitest";
import { createChaos } from "../../../local/chaos/chaos.ts";
import type { ChaosShares } from "../../../local/chaos/chaos-file.ts";
import type { Invocation } from "../../../local/model.ts";
import { closed, collect, type Event, nextMessage, OK, serveApi } from "../websocket-api/serve-api.ts";

/** An API with these faults, one open client of it, and what posts to that client. */
async function serveWith(shares: ChaosShares, random?: () => number) {
  const endings = collect<Event>();
  const chaos = createChaos(shares, random);
  let ConnectionId = "";
  const served = await serveApi({
    handlers: {
      $connect: ({ requestContext }) => {
        ConnectionId = requestContext.connectionId;
        return OK;
      },
      $disconnect: (event) => endings.push(event),
    },
    chaos,
  });
  const sdk = new ApiGatewayManagementApiClient({
    endpoint: served.endpoint,
    region: "eu-north-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
  const client = await served.open();
  const post = (Data: string) => sdk.send(new PostToConnectionCommand({ ConnectionId, Data }));
  return { ...served, chaos, endings, client, post };
}

test("without shares nothing comes", async () => {
  const { chaos, client, endings, post } = await serveWith({});
  const message = nextMessage(client);
  await post("a");
  expect(await message).toBe("a");
  client.close();
  await endings.reached(1);
  expect(chaos.counts()).toEqual({});
});

test("dropDisconnect: a connection ends and $disconnect does not run", async () => {
  const { chaos, client, endings, api } = await serveWith({ dropDisconnect: 1 });
  const end = closed(client);
  client.close();
  await end;
  // Closing the API waits for every `$disconnect`.
  await api.close();
  expect(endings.items).toEqual([]);
  expect(chaos.counts()).toEqual({ dropDisconnect: 1 });
});

test("failPost: the answer is 500, and nothing is delivered", async () => {
  const draws = [0, 0.9];
  const { chaos, client, post } = await serveWith({ failPost: 0.5 }, () => draws.shift() ?? 0.9);
  const message = nextMessage(client);
  const error: unknown = await post("lost").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiGatewayManagementApiServiceException);
  expect(error).toMatchObject({ $metadata: { httpStatusCode: 500 } });
  await post("next");
  expect(await message).toBe("next");
  expect(chaos.counts()).toEqual({ failPost: 1 });
});

test("losePost: the answer is 200, and nothing is delivered", async () => {
  const draws = [0, 0.9];
  const { client, post } = await serveWith({ losePost: 0.5 }, () => draws.shift() ?? 0.9);
  const message = nextMessage(client);
  await post("lost");
  await post("next");
  expect(await message).toBe("next");
});

test("delayPost: the answer and the frame come late", async () => {
  // Drawn: that it comes, and how late of 200 ms.
  const draws = [0, 0.5];
  const { client, post } = await serveWith({ delayPost: { share: 1, msMax: 200 } }, () => draws.shift() ?? 0.9);
  const message = nextMessage(client);
  const sentAtMs = performance.now();
  await post("late");
  expect(performance.now() - sentAtMs).toBeGreaterThan(99);
  expect(await message).toBe("late");
});

test("reorderFrame: a frame that was answered is overtaken by a later one", async () => {
  const draws = [0, 0.5, 0.9];
  const { client, post } = await serveWith({ reorderFrame: { share: 0.5, msMax: 1000 } }, () => draws.shift() ?? 0.9);
  const messages = collect<string>();
  client.on("message", (data) => messages.push(String(data)));
  await post("first");
  await post("second");
  expect(await messages.reached(2)).toEqual(["second", "first"]);
});

test("killFunction: an environment of the function is killed while it runs", async () => {
  let end: (outcome: Invocation) => void = () => {};
  const chaos = createChaos({ killFunction: { share: 1, msMax: 0 } });
  const invoke = chaos.killing(
    () => new Promise<Invocation>((resolve) => (end = resolve)),
    (functionArn) => {
      end({ outcome: "failed", errorType: "Runtime.ExitError", errorMessage: `killed ${functionArn}` });
      return true;
    },
  );
  expect(await invoke("arn:a", {})).toMatchObject({ errorMessage: "killed arn:a" });
});
