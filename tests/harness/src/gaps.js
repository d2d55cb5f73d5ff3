// () -> starts to watch how long pictures and sound of each peer connection that is connected now stand still.
const kept = window.__earshotTest;
clearInterval(kept.watching);
const watched = kept.connections
  .map((connection, index) => ({ connection, index }))
  .filter(({ connection }) => connection.connectionState === "connected")
  .map(({ connection, index }) => ({ connection, index, at: performance.now(), picture: null, sound: null }));
kept.gaps = watched.map(({ index }) => ({ index, picture: 0, sound: 0 }));
const look = async (one, gap) => {
  let [frames, packets] = [0, 0];
  for (const stat of (await one.connection.getStats()).values()) {
    if (stat.type !== "inbound-rtp") continue;
    if (stat.kind === "video") frames += stat.framesDecoded ?? 0;
    else packets += stat.packetsReceived ?? 0;
  }
  const now = performance.now();
  for (const [kind, count] of [["picture", frames], ["sound", packets]]) {
    if (one[kind] === null || count > one[kind].count) one[kind] = { count, at: now };
    else gap[kind] = Math.max(gap[kind], now - one[kind].at);
  }
};
kept.watching = setInterval(() => watched.forEach((one, at) => void look(one, kept.gaps[at])), 50);
