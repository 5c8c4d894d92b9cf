/**
 * What browsers have in addition to `./client`: a storage in IndexedDB.
 *
 * @module
 */
export { type IndexedDb, indexedDbStorage, type Locks } from "./indexed-db-storage.ts";
