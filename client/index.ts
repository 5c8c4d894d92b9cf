/**
 * Duet's client: exactly-once messages in browsers and in Node. Begin with `createClient`.
 *
 * @module
 */
export type { RefusalCode } from "../functions/protocol/errors.ts";
export type { Message, Profile, Row } from "../functions/protocol/wire.ts";
export type { Fetch } from "./api.ts";
export { type Client, type ClientEvents, createClient } from "./client.ts";
export type { ChatMessage, Conversation, ConversationEvents } from "./conversation.ts";
export { DuetError, type DuetErrorCode } from "./duet-error.ts";
export { deviceNetwork, type Network } from "./network.ts";
export type { ClientOptions, WebSocketConstructor } from "./options.ts";
export { OUTBOX_MAX, type OutboxEntry, type OutboxStore } from "./outbox.ts";
export type { ConversationRow } from "./rows.ts";
export type { Socket, Status } from "./session.ts";
export { type AccountStorage, memoryStorage, type PositionStore, type Storage } from "./storage.ts";
export type { GetToken } from "./token-source.ts";
export { deviceWorld, type World } from "./world.ts";
