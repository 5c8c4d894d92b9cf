import { ROW_PAGE_MAX } from "../functions/protocol/limits.ts";
import type { Profile, Row } from "../functions/protocol/wire.ts";
import type { Api } from "./api.ts";

/** Pages of the list that are asked for at most, as large as they may be: the server reads all of it for each. */
const LIST_PAGES_MAX = 20;

export interface ProfilesPorts {
  api: Api;
  onProfile(profile: Profile): void;
  onRow(row: Row): void;
}

/** What users show to others, as far as it is known: from the list of conversations, from messages, or asked for. */
export class Profiles {
  readonly #ports: ProfilesPorts;
  readonly #known = new Map<string, Profile>();
  readonly #asked = new Map<string, Promise<Profile>>();
  #isListed = false;
  #isFilling = false;

  constructor(ports: ProfilesPorts) {
    this.#ports = ports;
  }

  get(username: string): Profile | undefined {
    return this.#known.get(username);
  }

  learn({ username, displayName, avatar }: Profile): Profile {
    const known = this.#known.get(username);
    if (known?.displayName === displayName && known.avatar === avatar) return known;
    const profile = { username, displayName, avatar };
    this.#known.set(username, profile);
    this.#ports.onProfile(profile);
    return profile;
  }

  /** Asks the server, once at a time for each user. */
  ask(username: string): Promise<Profile> {
    const asked =
      this.#asked.get(username) ??
      this.#ports.api
        .ask<Profile>("GET", `users/${encodeURIComponent(username)}`)
        .then((profile) => this.learn(profile))
        .finally(() => this.#asked.delete(username));
    this.#asked.set(username, asked);
    return asked;
  }

  /** Learns the profiles of these users that are not known: by the list of conversations at first, then one by one. */
  async fill(usernames: string[]): Promise<void> {
    if (this.#isFilling) return;
    this.#isFilling = true;
    const unknown = () => usernames.filter((username) => !this.#known.has(username));
    try {
      if (!this.#isListed && unknown().length > 0) await this.#list();
      for (const username of unknown()) await this.ask(username);
    } finally {
      this.#isFilling = false;
    }
  }

  async #list(): Promise<void> {
    let since = "";
    for (let page = 0; page < LIST_PAGES_MAX; page++) {
      const list = await this.#ports.api.ask<{
        conversations: (Row & { profile: Profile })[];
        cursor: string;
        more: boolean;
      }>("GET", `conversations?limit=${ROW_PAGE_MAX}${since}`);
      for (const row of list.conversations) {
        this.learn(row.profile);
        this.#ports.onRow(row);
      }
      if (!list.more) break;
      since = `&since=${encodeURIComponent(list.cursor)}`;
    }
    this.#isListed = true;
  }
}
