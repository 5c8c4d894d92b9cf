import type { IncomingMessage, ServerResponse } from "node:http";
import { refuseUnlessLoopback } from "./loopback.ts";

/**
 * The handler of `GET /_local/issuer` (`ISSUER_LIST_PATH`), by which tools find where to ask for tokens:
 * answers `{ "issuers": ["http://localhost:3000/_local/issuer/…"] }`.
 */
export function createIssuerList(issuers: string[]): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const refusal = refuseUnlessLoopback(request);
    response.writeHead(refusal ? 403 : 200, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(JSON.stringify(refusal ? { error: refusal } : { issuers }));
  };
}
