// (ms) -> {hz, db} of the loudest tone in all remote sounds that are played, or null where none is.
const [ms] = arguments;
const playing = remote("audio").filter((element) => !element.paused && !element.muted && element.volume > 0);
if (playing.length === 0) return null;
const kept = window.__earshotTest;
kept.context ??= new AudioContext({ sampleRate: 48000 });
await kept.context.resume();
const taps = playing.map((element) => {
  const source = kept.context.createMediaStreamSource(new MediaStream(element.srcObject.getAudioTracks()));
  const analyser = new AnalyserNode(kept.context, { fftSize: 8192, smoothingTimeConstant: 0 });
  source.connect(analyser);
  return { source, analyser };
});
let best = { hz: 0, db: -200 };
// The first windows after connecting hold the silence from before.
const start = performance.now();
while (performance.now() - start < ms + 200) {
  await new Promise((resolve) => setTimeout(resolve, 40));
  for (const { analyser } of taps) {
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    // From 100 Hz on: below lies what a microphone's path adds.
    for (let bin = Math.ceil(100 * 8192 / 48000); bin < bins.length; bin++) {
      if (bins[bin] > best.db) best = { hz: bin * 48000 / 8192, db: bins[bin] };
    }
  }
}
for (const { source } of taps) source.disconnect();
return best;
