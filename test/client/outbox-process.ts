/**
 * A process that sends texts and is to be killed: says `kept` for each message that its storage has, and `stored` for
 * each that the server has. Arguments: URL, username, access token, directory, peer, texts.
 */
import { WebSocket } from "ws";
import { createClient, type Storage } from "../../client/index.ts";
import { fileStorage } from "../../client/node.ts";

const [url = "", username = "", token = "", directory = "", peer = "", ...texts] = process.argv.slice(2);
const files = fileStorage({ directory });
const storage: Storage = {
  async open(account) {
    const opened = await files.open(account);
    const put = opened.outbox.put;
    opened.outbox.put = async (entry) => {
      await put(entry);
      process.stdout.write("kept\n");
    };
    return opened;
  },
};
const client = createClient({ url, token: () => token, username, storage, WebSocket });
for (const text of texts)
  void client
    .conversation(peer)
    .send(text)
    .then(() => process.stdout.write("stored\n"));
