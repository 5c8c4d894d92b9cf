import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createIssuer } from "../../../local/identity/issuer.ts";
import { createIssuerList } from "../../../local/identity/issuer-list.ts";
import { ISSUER_LIST_PATH } from "../../../local/identity/paths.ts";
import type { UserPoolModel } from "../../../local/model.ts";

export const CLIENT_ID = "client-of-the-test";
export const ACCESS_TOKEN_SECONDS = 1800;

export interface System {
  baseUrl: string;
  userPool: UserPoolModel;
  /** Where the client is sent with its code; nothing needs to answer there. */
  callbackUrl: string;
  logoutUrl: string;
  /** What the issuer logged. */
  lines: string[];
  close(): Promise<void>;
}

/** A server on an ephemeral port (or `port`) with one user pool, served as the runtime would. */
export async function startSystem(options: { keyDirectory?: string; port?: number } = {}): Promise<System> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "localhost", resolve));
  const baseUrl = `http://localhost:${(server.address() as AddressInfo).port}`;
  const userPool: UserPoolModel = {
    path: "Test/UserPool",
    poolId: "local_Pool1",
    issuer: `${baseUrl}/_local/issuer/local_Pool1`,
    clients: [
      {
        path: "Test/Client",
        clientId: CLIENT_ID,
        callbackUrls: [`${baseUrl}/`],
        logoutUrls: [`${baseUrl}/bye`],
        scopes: ["openid", "profile", "email"],
        accessTokenValiditySeconds: ACCESS_TOKEN_SECONDS,
        refreshTokenValiditySeconds: 30 * 24 * 3600,
      },
    ],
  };
  const lines: string[] = [];
  const issuer = await createIssuer({
    userPool,
    ...(options.keyDirectory && { keyDirectory: options.keyDirectory }),
    log: (source, line) => lines.push(`${source}: ${line}`),
  });
  const issuerList = createIssuerList([userPool.issuer]);
  server.on("request", (request, response) => {
    if (request.url === ISSUER_LIST_PATH) issuerList(request, response);
    else if (request.url?.startsWith("/_local/issuer/local_Pool1/")) void issuer.handle(request, response);
    else response.writeHead(404).end();
  });
  return {
    baseUrl,
    userPool,
    callbackUrl: `${baseUrl}/`,
    logoutUrl: `${baseUrl}/bye`,
    lines,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
