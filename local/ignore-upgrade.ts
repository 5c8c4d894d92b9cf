import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/**
 * Serves as an ordinary request one that offers to go on in a protocol which the server does not speak, such as the
 * `h2c` of curl and of Java's client: "A server MAY ignore a received Upgrade header field" (RFC 9110, section 7.8).
 *
 * Where upgrades are listened for, Node 20 takes every request that offers one away from its parser, body and all.
 * Put back without that field, it is parsed again, and so is what follows on the connection.
 *
 * @param upgrade.answered resolves when earlier requests of this connection have their answers: the new parser knows
 *   nothing of them
 */
export async function ignoreUpgrade(
  server: Server,
  upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer; answered: Promise<void> | undefined },
): Promise<void> {
  const { request, socket, head, answered } = upgrade;
  socket.on("error", nobodysError);
  await answered;
  socket.off("error", nobodysError);
  if (socket.destroyed || socket.writableEnded) return;
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const [name = "", value = ""] = request.rawHeaders.slice(index, index + 2);
    if (name.toLowerCase() !== "upgrade") lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", socket);
}

/** A client that resets the connection ends only that. */
function nobodysError(): void {}
