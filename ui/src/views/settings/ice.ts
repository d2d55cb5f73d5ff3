/** What a person types about helping servers, and what the settings keep. */
import type { IceServer } from "../../gen/protocol";

/** One server as it is being edited. */
export interface Draft {
  id: number;
  /** One address per line. */
  urls: string;
  username: string;
  credential: string;
}

let count = 0;

export function toDraft(server: IceServer): Draft {
  return {
    id: ++count,
    urls: server.urls.join("\n"),
    username: server.username ?? "",
    credential: server.credential ?? "",
  };
}

/** Empty lines and empty fields are left out. */
export function fromDraft(draft: Draft): IceServer {
  const urls = draft.urls.split(/\s+/u).filter(Boolean);
  const username = draft.username.trim();
  return {
    urls,
    ...(username === "" ? {} : { username }),
    ...(draft.credential === "" ? {} : { credential: draft.credential }),
  };
}

/** True for what is no port number. */
export function portProblem(text: string): boolean {
  return !/^\d{1,5}$/.test(text) || Number(text) > 65_535;
}
