import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

interface Link {
  client: Socket;
  server: Socket;
  isDead: boolean;
}

/** A way to the system on which everything can go wrong that goes wrong on a network. */
export async function startProxy(target: string) {
  const targetPort = Number(new URL(target).port);
  const links = new Set<Link>();
  let bytesLeft = Number.POSITIVE_INFINITY;
  let cuts = 0;
  let port = 0;
  let server: Server | undefined;

  const end = (link: Link) => {
    links.delete(link);
    link.client.destroy();
    link.server.destroy();
  };
  const cut = () => {
    for (const link of links) end(link);
  };
  const pass = (link: Link, from: Socket, to: Socket) => {
    from.on("data", (chunk: Buffer) => {
      if (link.isDead) return;
      const part = chunk.subarray(0, bytesLeft);
      bytesLeft -= part.length;
      to.write(part);
      if (part.length === chunk.length) return;
      bytesLeft = Number.POSITIVE_INFINITY;
      cuts++;
      cut();
    });
    // A dead link is one of which neither side hears again.
    from.on("close", () => link.isDead || end(link));
    from.on("error", () => link.isDead || end(link));
  };
  const start = async () => {
    server = createServer((client) => {
      const link: Link = { client, server: connect(targetPort, "localhost"), isDead: false };
      links.add(link);
      pass(link, client, link.server);
      pass(link, link.server, client);
    });
    server.listen(port, "localhost");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  };
  await start();

  return {
    url: `http://localhost:${port}`,
    /** How often so many bytes have passed. */
    cuts: () => cuts,
    /** Cuts what is open. */
    cut,
    /** Cuts what is open once so many bytes more have passed, of all connections, either way. */
    cutAfter(bytes: number) {
      bytesLeft = bytes;
    },
    /** Nothing passes any more on what is open, and nobody is told. */
    goSilent() {
      for (const link of links) link.isDead = true;
    },
    /** Nobody answers here. */
    async stop() {
      const closed = server?.listening ? once(server, "close") : undefined;
      server?.close();
      cut();
      await closed;
    },
    start,
  };
}
