import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Adapter, AdapterPayload } from "oidc-provider";
import * as v from "valibot";
import { makePrivateDirectory } from "../private-directory.ts";

/** The oldest entry of a model goes when one more than this is stored. */
const ENTRIES_PER_MODEL_MAX = 1000;

/** What a refresh after a restart needs. Sessions and codes are over with the process. */
const KEPT_MODELS = ["Grant", "RefreshToken"];

type Entries = Map<string, AdapterPayload>;

const StoredModels = v.record(v.string(), v.array(v.tuple([v.string(), v.looseObject({ exp: v.number() })])));

/**
 * Storage of an oidc-provider: one map a model, in memory. With a file, which only its owner may read,
 * grants and refresh tokens outlive a restart. Whether an entry has expired the provider checks itself.
 *
 * @throws Error when the file is there but was not written by this function
 */
export function createStore(file?: string): (model: string) => Adapter {
  const models = file === undefined ? new Map<string, Entries>() : readModels(file);

  function save(model: string): void {
    if (file !== undefined && KEPT_MODELS.includes(model)) writeModels({ file, models });
  }

  return (model) => {
    const entries: Entries = models.get(model) ?? new Map();
    models.set(model, entries);

    return {
      async upsert(id, payload) {
        entries.set(id, payload);
        const [oldest] = entries.keys();
        if (entries.size > ENTRIES_PER_MODEL_MAX && oldest !== undefined) entries.delete(oldest);
        save(model);
      },
      async find(id) {
        return entries.get(id);
      },
      async findByUid(uid) {
        return [...entries.values()].find((payload) => payload.uid === uid);
      },
      async findByUserCode() {
        throw new Error("User codes belong to the device flow, which is off.");
      },
      async consume(id) {
        const payload = entries.get(id);
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
        save(model);
      },
      async destroy(id) {
        if (entries.delete(id)) save(model);
      },
      async revokeByGrantId(grantId) {
        for (const [id, payload] of entries) if (payload.grantId === grantId) entries.delete(id);
        save(model);
      },
    };
  };
}

function readModels(file: string): Map<string, Entries> {
  let stored: string;
  try {
    stored = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return new Map();
    throw error;
  }
  try {
    const models = Object.entries(v.parse(StoredModels, JSON.parse(stored)));
    const nowSeconds = Date.now() / 1000;
    return new Map(models.map(([name, entries]) => [name, new Map(entries.filter(([, { exp }]) => exp > nowSeconds))]));
  } catch (cause) {
    throw new Error(`${file} holds no refresh tokens: delete it, and everybody signs in again.`, { cause });
  }
}

/** The rename makes sure that a crash leaves the old file or the new one, never half of one. */
function writeModels({ file, models }: { file: string; models: Map<string, Entries> }): void {
  const kept = KEPT_MODELS.map((model) => [model, [...(models.get(model) ?? [])]]);
  makePrivateDirectory(dirname(file));
  writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(kept)), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
