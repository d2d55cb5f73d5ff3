/** Every screen of Earshot with made-up data, for the eye: /gallery/?scene=lobby&lang=zh-CN&theme=dark */
import { mount } from "svelte";
import App from "../src/App.svelte";
import type { Language, Theme } from "../src/gen/protocol";
import { actionsOn } from "./actions";
import { GESTURES_THEN } from "./gestures";
import { CHAT_THEN } from "./chat";
import { HOSTING_THEN } from "./hosting";
import { THEN } from "./meeting";
import { scene, SCENES } from "./scenes.svelte";

const query = new URLSearchParams(location.search);
const name = query.get("scene") ?? "lobby";
const target = document.getElementById("app");
if (target === null) throw new Error("no #app");

if (!(SCENES as readonly string[]).includes(name)) {
  target.textContent = SCENES.join(" ");
} else {
  const app = scene(name);
  app.language = (query.get("lang") ?? "en") as Language;
  app.theme = (query.get("theme") ?? "light") as Theme;
  // Only then: a picture that never comes would keep the page from being loaded.
  addEventListener("load", () => {
    mount(App, { target, props: { app, actions: actionsOn(app) } });
    const then = [THEN, HOSTING_THEN, GESTURES_THEN, CHAT_THEN].find((scenes) => name in scenes);
    setTimeout(() => then?.[name]?.(), 100);
  });
}
