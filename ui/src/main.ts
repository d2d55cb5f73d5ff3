import { mount } from "svelte";
import App from "./App.svelte";
import { chooseBackend } from "./backend/choose";
import { codeOf } from "./backend/types";
import { audioContext } from "./state/browser";
import type { Actions } from "./state/contract";
import { createApp, createLostApp } from "./state/app.svelte";
import { GuestStore, pageStorage } from "./state/guest-store";
import type { Session } from "./state/session";
import { guestPerson } from "./state/settings";

async function main(): Promise<void> {
  const target = document.getElementById("app");
  if (!target) return;
  const store = new GuestStore(pageStorage());
  let inCall = (): boolean => false;
  let chosen;
  try {
    chosen = await chooseBackend(() => guestPerson(store, inCall()));
  } catch (error) {
    // Nothing is behind this page: no view that is shown then asks for anything.
    mount(App, { target, props: { ...createLostApp(codeOf(error)), actions: {} as Actions } });
    return;
  }
  const { app, actions, session } = createApp(chosen.backend, chosen.title, store);
  inCall = () => session.calling.isBusy;
  mount(App, { target, props: { app, actions } });
  session.start();
  if (chosen.backend.surface === "guest") followFragment(session);

  addEventListener("online", () => session.nudge());
  // A closed tab leaves at once, not after its grace; also one that the browser keeps, frozen, for 'back'.
  addEventListener("pagehide", () => {
    session.calling.leaveNow();
    chosen.backend.close();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  // Sound may begin with the first gesture: a ring that comes later is heard.
  addEventListener("pointerdown", () => void audioContext(), { once: true, capture: true });
  addEventListener("keydown", () => void audioContext(), { once: true, capture: true });
}

/** A link to a room of this server; it is taken out of the address, so that a page that loads anew does not ask again. */
function followFragment({ finding }: Session): void {
  const follow = (): void => {
    const page = location.origin + location.pathname;
    if (finding.followFragment(location.hash, page)) history.replaceState(null, "", page + location.search);
  };
  follow();
  addEventListener("hashchange", follow);
}

void main();
