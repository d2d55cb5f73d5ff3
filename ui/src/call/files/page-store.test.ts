import { describe, expect, it } from "vitest";
import { LIMITS } from "../../gen/protocol";
import { encode } from "../../trust/base32";
import { sha256, type Bytes } from "../../trust/bytes";
import { pageStore, type PageAbilities } from "./page-store";
import { FileError, HEAD, NotNow, type Part } from "./store";

const incoming = (size: number, name = "a.txt") => ({ from: "ann", file: "f", name, size });

/** A block as it comes, and the digest at its end. */
async function block(text: string, before: Bytes = new Uint8Array(32)) {
  const bytes = new TextEncoder().encode(text);
  const frame = new Uint8Array(HEAD + bytes.length);
  frame.set(bytes, HEAD);
  const chained = new Uint8Array([...before, ...bytes]);
  return { frame, digest: await sha256(chained) };
}

async function writeTwo(part: Part): Promise<void> {
  const one = await block("hello ");
  await part.write(0, encode(one.digest), one.frame);
  const two = await block("world", one.digest);
  await part.write(6, encode(two.digest), two.frame);
}

function memory(): { abilities: PageAbilities; got: { file: Blob; name: string }[] } {
  const got: { file: Blob; name: string }[] = [];
  return { abilities: { pick: null, download: (file, name) => void got.push({ file, name }) }, got };
}

function picker(fail?: { at: "pick" | "write"; name: string }) {
  const written: string[] = [];
  const throwAt = (at: string): Promise<void> =>
    fail?.at === at ? Promise.reject(new DOMException("", fail.name)) : Promise.resolve();
  const abilities: PageAbilities = {
    async pick({ suggestedName }) {
      await throwAt("pick");
      return {
        name: `chosen ${suggestedName}`,
        createWritable: () =>
          Promise.resolve({
            async write(bytes: Bytes) {
              await throwAt("write");
              written.push(new TextDecoder().decode(bytes));
            },
            truncate: () => Promise.resolve(void (written.length = 0)),
            seek: () => Promise.resolve(),
            close: () => Promise.resolve(void written.push("closed")),
            abort: () => Promise.resolve(void written.push("aborted")),
          }),
      };
    },
    download: () => {
      throw new Error("not asked for");
    },
  };
  return { abilities, written };
}

describe("a page without a node", () => {
  it("hands a whole file to the person", async () => {
    const { abilities, got } = memory();
    const part = await pageStore(abilities).begin(incoming(11, "../a\u202etxt.exe"));
    await writeTwo(part);
    expect(got).toEqual([]);
    expect(await part.finish()).toBe("_._atxt.exe");
    expect(await got[0]?.file.text()).toBe("hello world");
    expect(got[0]?.name).toBe("_._atxt.exe");
  });

  it("takes no more into memory than it may", async () => {
    const { abilities } = memory();
    const store = pageStore(abilities);
    await expect(store.begin(incoming(LIMITS.MAX_FILE_IN_MEMORY + 1))).rejects.toThrow(
      new FileError("too-large"),
    );
    await store.begin(incoming(LIMITS.MAX_FILE_IN_MEMORY));
  });

  it("writes to the file that was picked, of any size", async () => {
    const { abilities, written } = picker();
    const part = await pageStore(abilities).begin(incoming(2 ** 40));
    await writeTwo(part);
    expect(await part.finish()).toBe("chosen a.txt");
    expect(written).toEqual(["hello ", "world", "closed"]);
  });

  it("writes nothing that was not said", async () => {
    const { abilities, written } = picker();
    const part = await pageStore(abilities).begin(incoming(11));
    const one = await block("hello ");
    await expect(part.write(0, encode(new Uint8Array(32)), one.frame)).rejects.toThrow(
      new FileError("file-changed"),
    );
    expect(written).toEqual([]);
    await part.again();
    await writeTwo(part);
    await part.discard();
    expect(written.at(-1)).toBe("aborted");
  });

  it("says what stands in the way", async () => {
    const begin = (at: "pick" | "write", name: string) =>
      pageStore(picker({ at, name }).abilities).begin(incoming(11));
    await expect(begin("pick", "AbortError")).rejects.toThrow(NotNow);
    await expect(begin("pick", "SecurityError")).rejects.toThrow(new FileError("folder-unusable"));
    const part = await begin("write", "QuotaExceededError");
    await expect(writeTwo(part)).rejects.toThrow(new FileError("disk-full"));
  });
});
