import { describe, expect, it } from "vitest";
import { isLive, watch } from "./watch";

class FakeTrack extends EventTarget {
  #enabled = true;
  muted = false;
  readyState = "live";

  get enabled(): boolean {
    return this.#enabled;
  }
  set enabled(value: boolean) {
    this.#enabled = value;
  }

  stop(): void {
    this.readyState = "ended";
  }
}

function watched(): { track: MediaStreamTrack; heard: string[]; stop(): void } {
  const track = new FakeTrack() as unknown as MediaStreamTrack;
  const heard: string[] = [];
  const stop = watch(track, {
    changed: () => heard.push(`live ${String(isLive(track))}`),
    ended: () => heard.push("ended"),
  });
  return { track, heard, stop };
}

describe("a watched track", () => {
  it("tells when it is switched off and on, and stays what it was", () => {
    const { track, heard } = watched();
    track.enabled = false;
    expect(track.enabled).toBe(false);
    track.enabled = true;
    expect(heard).toEqual(["live false", "live true"]);
  });

  it("tells when it is stopped by the page, which has no event", () => {
    const { track, heard } = watched();
    track.stop();
    expect(track.readyState).toBe("ended");
    expect(heard).toEqual(["ended"]);
  });

  it("tells when its source goes silent or ends", () => {
    const { track, heard } = watched();
    Object.assign(track, { muted: true });
    track.dispatchEvent(new Event("mute"));
    track.dispatchEvent(new Event("ended"));
    expect(heard).toEqual(["live false", "ended"]);
  });

  it("tells all who watch, until they do not", () => {
    const { track, heard, stop } = watched();
    const others: string[] = [];
    watch(track, { changed: () => others.push("changed"), ended: () => undefined });
    track.enabled = false;
    stop();
    track.enabled = true;
    expect(heard).toEqual(["live false"]);
    expect(others).toEqual(["changed", "changed"]);
  });
});
