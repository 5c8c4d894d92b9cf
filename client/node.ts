/**
 * What Node has in addition to `./client`: a storage in files.
 *
 * @module
 */
export { fileStorage } from "./file-storage.ts";
