/**
 * The 64 pictures of the short code, by their numbers: the list that Matrix uses for the same purpose (Matrix
 * specification, "SAS method: emoji"), chosen so that no two look or sound alike. Their names are in the catalogues.
 */
import { t, type Key } from "../i18n/index.svelte";

export const SYMBOLS: readonly string[] = [
  ..."🐶🐱🦁🐎🦄🐷🐘🐰🐼🐓🐧🐢🐟🐙🦋🌷🌳🌵🍄🌏🌙☁🔥🍌🍎🍓🌽🍕🎂❤😀🤖🎩👓🔧🎅👍☂⌛⏰🎁💡📕✏📎✂🔒🔑🔨☎🏁🚂🚲✈🚀🏆⚽🎸🎺🔔⚓🎧📁📌",
];

/** The picture, asked for in colour also where a letter-like form exists (VARIATION SELECTOR-16). */
export function picture(symbol: number): string {
  return `${SYMBOLS[symbol] ?? ""}\uFE0F`;
}

/** What it is called in the language now spoken. */
export function symbolName(symbol: number): string {
  return t(`symbol.${symbol}` as Key & `symbol.${number}`);
}

/** Whether this machine has a font with pictures: without one, boxes would be seen, and the names have to do. */
export function hasPictures(): boolean {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 24;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return false;
  context.font = `20px ${getComputedStyle(document.documentElement).getPropertyValue("--emoji") || "sans-serif"}`;
  context.textBaseline = "top";
  context.fillStyle = "#000";
  context.fillText(picture(24), 0, 0);
  const { data } = context.getImageData(0, 0, 24, 24);
  for (let at = 0; at < data.length; at += 4) {
    // An apple that is red was drawn by a font of pictures; a box is as black as the ink.
    if ((data[at + 3] ?? 0) > 128 && (data[at] ?? 0) > 80) return true;
  }
  return false;
}
