// Runs before any script of the page: counts what goes through the hub, and tells when others are seen.
(() => {
  const crowd = { said: 0, heard: 0, entered: 0 };
  window.__crowd = crowd;
  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", () => crowd.heard++);
    }
    send(data) {
      crowd.said++;
      super.send(data);
    }
  };
  /** Of each connection that stands: pictures decoded so far, their height, and sound packets. */
  crowd.received = async () => {
    const open = window.__earshotTest.connections.filter(
      ({ connectionState }) => connectionState === "connected",
    );
    return Promise.all(
      open.map(async (connection) => {
        const of = { pictures: 0, height: 0, packets: 0, lost: 0 };
        for (const stat of (await connection.getStats()).values()) {
          if (stat.type !== "inbound-rtp") continue;
          if (stat.kind === "video") {
            of.pictures += stat.framesDecoded ?? 0;
            of.height = Math.max(of.height, stat.frameHeight ?? 0);
          } else {
            of.packets += stat.packetsReceived ?? 0;
            of.lost += stat.concealedSamples ?? 0;
          }
        }
        return of;
      }),
    );
  };
  /** Milliseconds from the click into the room until `others` are seen. */
  crowd.sees = async (others, patience) => {
    while (performance.now() - crowd.entered < patience) {
      const seen = (await crowd.received()).filter(
        ({ pictures }) => pictures > 0,
      ).length;
      if (seen >= others) return performance.now() - crowd.entered;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return null;
  };
  addEventListener(
    "click",
    ({ target }) => {
      if (
        target instanceof Element &&
        /Go in/.test(target.closest("button")?.textContent ?? "")
      )
        crowd.entered = performance.now();
    },
    true,
  );
  if (ADAPTS) return;
  // Pictures go out whole, to everybody, whoever looks at them.
  const set = RTCRtpSender.prototype.setParameters;
  RTCRtpSender.prototype.setParameters = function (parameters) {
    for (const encoding of parameters.encodings) {
      encoding.active = true;
      if (this.track?.kind === "video") encoding.scaleResolutionDownBy = 1;
      delete encoding.maxFramerate;
    }
    return set.call(this, parameters);
  };
})();
