/** How loud a track is, by an analyser. The sound goes nowhere. */

export interface LevelSource {
  /** RMS of the last 40 ms or so, 0 to 1. */
  read(): number;
  close(): void;
}

/** Measures `track`. The context may be suspended until the person has clicked somewhere; the level is 0 till then. */
export function measure(context: AudioContext, track: MediaStreamTrack): LevelSource {
  // A clone, since the level is wanted also while what is sent is muted.
  const own = track.clone();
  own.enabled = true;
  const source = context.createMediaStreamSource(new MediaStream([own]));
  const analyser = new AnalyserNode(context, { fftSize: 2048 });
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    read() {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      return Math.min(1, Math.sqrt(sum / samples.length));
    },
    close() {
      source.disconnect();
      own.stop();
    },
  };
}
