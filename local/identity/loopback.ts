import type { IncomingMessage } from "node:http";
import { BlockList, isIPv6 } from "node:net";

const LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

const loopbackAddresses = new BlockList();
loopbackAddresses.addSubnet("127.0.0.0", 8, "ipv4");
loopbackAddresses.addAddress("::1", "ipv6");

/**
 * Says why a request must not be served, in a sentence for its sender, or nothing when it comes from
 * this machine and names it. The Host header counts because a foreign web page can point its own name
 * at 127.0.0.1 (DNS rebinding) and would then share an origin with us.
 */
export function refuseUnlessLoopback(request: IncomingMessage): string | undefined {
  const address = request.socket.remoteAddress ?? "";
  if (!address || !loopbackAddresses.check(address, isIPv6(address) ? "ipv6" : "ipv4")) {
    return `Sign-in without a password is served to this machine alone, not to ${address || "an unknown address"}.`;
  }
  const host = request.headers.host ?? "";
  if (!LOOPBACK_HOSTS.includes(host.toLowerCase().replace(/:\d+$/, ""))) {
    return `Sign-in without a password is served as ${LOOPBACK_HOSTS.join(", ")} alone, not as "${host}".`;
  }
  return undefined;
}

/** The same URL under every name of this machine, when it is on this machine; otherwise just itself. */
export function loopbackVariants(url: string): string[] {
  const { protocol, host, hostname } = new URL(url);
  if (!LOOPBACK_HOSTS.includes(hostname)) return [url];
  const rest = url.slice(`${protocol}//${host}`.length);
  return LOOPBACK_HOSTS.map((name) => `${protocol}//${host.replace(hostname, name)}${rest}`);
}
