// Makes PNGs of the gallery's scenes in a folder, through chromedriver (WebDriver over fetch; nothing to install).
// node scripts/gallery-screenshots.mjs FOLDER [scene,scene…] [400x800,1280x800…] [en,zh-CN] [light,dark]
// A scene may carry clicks (~ stands for a space): lobby@[aria-label=Settings]@[id$=tab-network]
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "vite";

const [
  folder = join(tmpdir(), "earshot-gallery"),
  scenes = "lobby",
  sizes = "1280x800",
  langs = "en",
  themes = "light",
] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const vite = await createServer({ logLevel: "error", server: { port: 0, strictPort: false } });
await vite.listen();
const base = vite.resolvedUrls.local[0];

const port = 20_000 + (process.pid % 20_000);
const driver = spawn(process.env.CHROMEDRIVER ?? "chromedriver", [`--port=${port}`], { stdio: "ignore" });
const ask = async (method, path, body) => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${value.message}`);
  return value;
};
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

let session;
try {
  for (let tries = 0; ; tries++) {
    try {
      await ask("GET", "/status");
      break;
    } catch (error) {
      if (tries > 50) throw error;
      await pause(100);
    }
  }
  const { sessionId } = await ask("POST", "/session", {
    capabilities: {
      alwaysMatch: {
        "goog:loggingPrefs": { browser: "ALL" },
        "goog:chromeOptions": {
          args: [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--autoplay-policy=no-user-gesture-required",
          ],
        },
      },
    },
  });
  session = `/session/${sessionId}`;
  for (const size of sizes.split(",")) {
    const [width, height] = size.split("x").map(Number);
    await ask("POST", `${session}/goog/cdp/execute`, {
      cmd: "Emulation.setDeviceMetricsOverride",
      params: { width, height, deviceScaleFactor: 1, mobile: false },
    });
    for (const step of scenes.split(",")) {
      const [scene, ...clicks] = step.split("@").map((part) => part.replaceAll("~", " "));
      for (const lang of langs.split(",")) {
        for (const theme of themes.split(",")) {
          await ask("POST", `${session}/url`, {
            url: `${base}gallery/index.html?scene=${scene}&lang=${lang}&theme=${theme}`,
          });
          await pause(700);
          for (const css of clicks) {
            const element = await ask("POST", `${session}/element`, { using: "css selector", value: css });
            await ask("POST", `${session}/element/${Object.values(element)[0]}/click`, {});
            await pause(350);
          }
          const name = `${step.replace(/[^a-z0-9-]+/gi, "_")}-${size}-${lang}-${theme}.png`;
          writeFileSync(join(folder, name), Buffer.from(await ask("GET", `${session}/screenshot`), "base64"));
          for (const entry of await ask("POST", `${session}/se/log`, { type: "browser" })) {
            if (entry.level === "SEVERE" || entry.level === "WARNING")
              process.stdout.write(`${name}: ${entry.message}\n`);
          }
        }
      }
    }
  }
  process.stdout.write(`${folder}\n`);
} finally {
  if (session !== undefined) await ask("DELETE", session).catch(() => undefined);
  driver.kill();
  await vite.close();
}
