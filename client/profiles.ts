import type { Profile, Row } from "../functions/protocol/wire.ts";
import type { Api } from "./api.ts";

/** Pages of 200 conversations that are asked for at most, for the profiles of their peers. */
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
    let since: string | undefined;
    for (let page = 0; page < LIST_PAGES_MAX; page++) {
      const query = since === undefined ? "" : `?since=${encodeURIComponent(since)}`;
      const list = await this.#ports.api.ask<{
        conversations: (Row & { profile: Profile })[];
        cursor: string;
        more: boolean;
      }>("GET", `conversations${query}`);
      for (const { profile, ...row } of list.conversations) {
        this.#ports.onRow(row);
        this.learn(profile);
      }
      if (!list.more) break;
      since = list.cursor;
    }
    this.#isListed = true;
  }
}
