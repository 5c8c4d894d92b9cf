import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";

export interface ManagementCall {
  method: "POST" | "GET" | "DELETE";
  connectionId: string;
  /** Base64 of what is posted. */
  data?: string;
  /** How the URL differs from the one that the SDK makes. */
  spelling?: "encoded-at" | "without-stage";
}

export interface ManagementResult {
  status: number;
  headers: Record<string, string>;
  /** The body as it came. */
  body: string;
  /** The name of the error, as the SDK read it. */
  name?: string;
  /** What the SDK read from the answer to GET. */
  output?: { connectedAt?: string; lastActiveAt?: string; identity?: { sourceIp?: string; userAgent?: string } };
}

/** Makes one call to the API's @connections, once, with the AWS SDK, and tells what came back. */
export async function manage(call: ManagementCall): Promise<ManagementResult> {
  const endpoint = process.env.MANAGEMENT_ENDPOINT ?? "";
  const client = new ApiGatewayManagementApiClient({
    endpoint: call.spelling === "without-stage" ? endpoint.replace(/\/[^/]*$/, "") : endpoint,
    maxAttempts: 1,
  });
  const result: ManagementResult = { status: 0, headers: {}, body: "" };
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { path: string };
      if (call.spelling === "encoded-at") request.path = request.path.replace("/@", "/%40");
      return next(args);
    },
    // Before the request is signed.
    { step: "build" },
  );
  client.middlewareStack.add(
    (next) => async (args) => {
      const answered = await next(args);
      const response = answered.response as WireResponse;
      // The parser after this takes bytes as well as the stream that they came in.
      const bytes = await readAll(response.body);
      response.body = bytes;
      Object.assign(result, { status: response.statusCode, headers: response.headers, body: bytes.toString() });
      return answered;
    },
    { step: "deserialize", priority: "low" },
  );
  try {
    const read = await send(client, call);
    return { ...result, ...read };
  } catch (error) {
    // A status of 0 says that no answer came at all.
    return { ...result, name: error instanceof Error ? error.name : String(error) };
  } finally {
    client.destroy();
  }
}

interface WireResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: AsyncIterable<Buffer> | Uint8Array;
}

async function send(
  client: ApiGatewayManagementApiClient,
  { method, connectionId: ConnectionId, data = "" }: ManagementCall,
): Promise<Pick<ManagementResult, "output">> {
  switch (method) {
    case "POST":
      await client.send(new PostToConnectionCommand({ ConnectionId, Data: Buffer.from(data, "base64") }));
      return {};
    case "DELETE":
      await client.send(new DeleteConnectionCommand({ ConnectionId }));
      return {};
    case "GET": {
      const { ConnectedAt, LastActiveAt, Identity } = await client.send(new GetConnectionCommand({ ConnectionId }));
      return {
        output: {
          connectedAt: ConnectedAt?.toISOString(),
          lastActiveAt: LastActiveAt?.toISOString(),
          identity: Identity && { sourceIp: Identity.SourceIp, userAgent: Identity.UserAgent },
        },
      };
    }
  }
}

async function readAll(body: AsyncIterable<Buffer> | Uint8Array): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
