import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

const noTauri = {
  group: ["@tauri-apps/*"],
  message: "Only src/backend/tauri.ts talks to Tauri; everything else asks a Backend.",
};
const noSvelte = { group: ["svelte", "svelte/*"], message: "Nothing here knows a view framework." };
const onlyDown = {
  group: ["**/backend/*", "**/state/*", "**/views/*", "**/components/*", "**/i18n/*"],
  message: "The call engine is a leaf: what it needs is given to it.",
};
const standsAlone = {
  group: ["call", "state", "backend", "gen", "views", "components", "i18n"].map((part) => `**/${part}/**`),
  message: "src/rtc is a WebRTC for any page: it knows nothing of this product.",
};

export default ts.config(
  { ignores: ["dist", "node_modules", "src/gen", "src/rtc/wire.ts"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  ...svelte.configs.prettier,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-eval": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/no-non-null-assertion": "error",
      "no-restricted-imports": ["error", { patterns: [noTauri] }],
    },
  },
  { files: ["src/backend/tauri.ts"], rules: { "no-restricted-imports": "off" } },
  {
    files: ["src/call/**/*.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: [noTauri, noSvelte, onlyDown] }] },
  },
  {
    files: ["src/rtc/**/*.ts"],
    ignores: ["src/rtc/**/*.test.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: [noTauri, noSvelte, standsAlone] }] },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig },
    },
  },
  {
    files: ["**/*.svelte"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "SvelteAttribute[key.name='style']",
          message: "The page's policy forbids style attributes; use a class or the style: directive.",
        },
      ],
      "svelte/no-at-html-tags": "error",
    },
  },
  { files: ["*.config.{js,ts}", "scripts/*.mjs"], languageOptions: { globals: { ...globals.node } } },
);
