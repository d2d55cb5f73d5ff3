// () -> sums of inbound-rtp over the page's open peer connections.
const sum = { framesDecoded: 0, videoPackets: 0, videoBytes: 0, audioPackets: 0, audioEnergy: 0, audioSeconds: 0, states: [] };
for (const connection of window.__earshotTest.connections) {
  sum.states.push(connection.connectionState);
  if (connection.connectionState === "closed") continue;
  for (const stat of (await connection.getStats()).values()) {
    if (stat.type !== "inbound-rtp") continue;
    if (stat.kind === "video") {
      sum.framesDecoded += stat.framesDecoded ?? 0;
      sum.videoPackets += stat.packetsReceived ?? 0;
      sum.videoBytes += stat.bytesReceived ?? 0;
    } else {
      sum.audioPackets += stat.packetsReceived ?? 0;
      sum.audioEnergy += stat.totalAudioEnergy ?? 0;
      sum.audioSeconds += stat.totalSamplesDuration ?? 0;
    }
  }
}
return sum;
