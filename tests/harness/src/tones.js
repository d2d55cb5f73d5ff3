// (ms) -> {hz, db, each} of the loudest tone in all remote sounds that are played, and of that in each of them; null where
// none is.
const [ms] = arguments;
const playing = remote("audio").filter((element) => !element.paused && !element.muted && element.volume > 0);
if (playing.length === 0) return null;
const kept = window.__earshotTest;
kept.context ??= new AudioContext({ sampleRate: 48000 });
await kept.context.resume();
// One for each track, as long as it lasts: WebKitGTK piles up what a source that is no longer read is given.
kept.taps ??= new WeakMap();
const tap = (track) => {
  const source = kept.context.createMediaStreamSource(new MediaStream([track]));
  const analyser = new AnalyserNode(kept.context, { fftSize: 8192, smoothingTimeConstant: 0 });
  source.connect(analyser);
  kept.taps.set(track, { source, analyser });
};
const tracks = playing.flatMap((element) => element.srcObject.getAudioTracks());
for (const track of tracks) if (!kept.taps.has(track)) tap(track);
const taps = tracks.map((track) => kept.taps.get(track));
const each = taps.map(() => ({ hz: 0, db: -200 }));
// The first windows after connecting hold the silence from before.
const start = performance.now();
while (performance.now() - start < ms + 200) {
  await new Promise((resolve) => setTimeout(resolve, 40));
  for (const [at, { analyser }] of taps.entries()) {
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    // From 100 Hz on: below lies what a microphone's path adds.
    for (let bin = Math.ceil(100 * 8192 / 48000); bin < bins.length; bin++) {
      if (bins[bin] > each[at].db) each[at] = { hz: bin * 48000 / 8192, db: bins[bin] };
    }
  }
}
const best = each.reduce((one, other) => (other.db > one.db ? other : one));
return { ...best, each };
