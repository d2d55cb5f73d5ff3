// Invariant: what is a link leads where it seems to lead, and only to a page or into a mail; all else stays text.
import { describe, expect, it } from "vitest";
import { pieces } from "./links";

const links = (text: string) =>
  pieces(text).flatMap(({ text: shown, href }) => (href === undefined ? [] : [[shown, href]]));
const whole = (text: string) =>
  pieces(text)
    .map((piece) => piece.text)
    .join("");

describe("links", () => {
  it("are found in a sentence, without what ends it", () => {
    for (const [text, link] of [
      ["see https://example.com.", "https://example.com"],
      ["(https://example.com/a_(b))", "https://example.com/a_(b)"],
      ["“https://example.com/x?y=1&z=2#t”!", "https://example.com/x?y=1&z=2#t"],
      ["看https://example.com/路径吧", "https://example.com/"],
      ["看https://example.com吧，好吗", "https://example.com"],
      ["HTTP://EXAMPLE.COM/A, or", "HTTP://EXAMPLE.COM/A"],
      ["http://192.0.2.1:8080/x", "http://192.0.2.1:8080/x"],
      ["http://[2001:db8::1]/", "http://[2001:db8::1]/"],
      ["<https://example.com>", "https://example.com"],
    ] as const) {
      expect(links(text), text).toEqual([[link, new URL(link).href]]);
      expect(whole(text)).toBe(text);
    }
    expect(links("https://a.example https://b.example\nhttps://c.example")).toHaveLength(3);
    expect(links("mailto:bob@example.com.")).toEqual([["mailto:bob@example.com", "mailto:bob@example.com"]]);
  });
  it("are nothing but pages and mail", () => {
    for (const text of [
      "javascript:alert(1)",
      "JavaScript://example.com/%0aalert(1)",
      "data:text/html,<script>alert(1)</script>",
      "file:///etc/passwd",
      "earshot:room?id=1",
      "ftp://example.com",
      "example.com",
      "https://",
      "https://example.com:99999/",
      "https://bank.example@elsewhere.example/",
      "https://bank.example:secret@elsewhere.example/",
      "mailto:bob@example.com?cc=eve@example.com",
      "mailto:bob@example.com,eve@example.com",
      "mailto:bob@example.com%0acc:eve@example.com",
      `https://example.com/${"x".repeat(3000)}`,
      "<b>bold</b> & <img src=x onerror=alert(1)>",
    ]) {
      expect(links(text), text).toEqual([]);
      expect(whole(text)).toBe(text);
    }
  });
  it("show a name of another script as the network writes it", () => {
    // The first letter is Cyrillic.
    expect(links("https://\u0430pple.com/login")).toEqual([
      ["https://xn--pple-43d.com/login", "https://xn--pple-43d.com/login"],
    ]);
    expect(links("https://例子.测试/a")).toEqual([
      ["https://xn--fsqu00a.xn--0zwm56d/a", "https://xn--fsqu00a.xn--0zwm56d/a"],
    ]);
    expect(links("https://bücher.example")[0]?.[0]).toBe("https://xn--bcher-kva.example/");
  });
  it("cost little, whatever is written", () => {
    const start = performance.now();
    for (const text of [
      "https://" + "a.".repeat(1990),
      "https://a".repeat(440),
      "mailto:@".repeat(500),
      "(".repeat(3900) + ")".repeat(90),
    ])
      whole(text);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
