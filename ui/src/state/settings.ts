/** Where settings live: the node's for an owner, the browser's for a guest. */
import { CodedError, codeOf, type Backend } from "../backend/types";
import type { OwnerRequest, Person, Settings, SettingsChange } from "../gen/protocol";
import type { AnyCode, AppState } from "./contract";
import type { GuestStore } from "./guest-store";

export type Labels = Pick<Settings, "microphone" | "camera" | "speaker">;

/** A guest's person as it is now. */
export function guestPerson(store: GuestStore, inCall: boolean): Person {
  const { name, note, status } = store.memory;
  return { name, note, status: inCall ? "in-call" : status };
}

/** The preferred devices' labels. */
export function labelsOf(app: AppState, store: GuestStore): Labels {
  const { microphone, camera, speaker } = app.node?.settings ?? store.memory;
  return { microphone, camera, speaker };
}

/** Null, or why not. */
export function changeOwnerSettings(backend: Backend, change: SettingsChange): Promise<AnyCode | null> {
  return ask(backend, { type: "change-settings", change });
}

/** Null, or why not. */
export function setOwnerPhrase(backend: Backend, phrase: string | null): Promise<AnyCode | null> {
  return ask(backend, { type: "set-phrase", ...(phrase === null ? {} : { phrase }) });
}

async function ask(backend: Backend, request: OwnerRequest): Promise<AnyCode | null> {
  try {
    if (!backend.owner) throw new CodedError("not-allowed");
    await backend.owner(request);
    return null;
  } catch (error) {
    return codeOf(error);
  }
}

/** What of a change a guest can make; the rest is a node's. */
export function changeGuestSettings(store: GuestStore, change: SettingsChange): void {
  const { note, status, language, theme, microphone, camera, speaker } = change;
  store.change({
    ...(note === undefined ? {} : { note }),
    ...(status === undefined ? {} : { status }),
    ...(language === undefined ? {} : { language }),
    ...(theme === undefined ? {} : { theme }),
    ...(microphone === undefined ? {} : { microphone }),
    ...(camera === undefined ? {} : { camera }),
    ...(speaker === undefined ? {} : { speaker }),
  });
}
