// (ms) -> { seen, heard }: when remote pictures turned white and remote sounds began, ms of the machine's clock.
const [ms] = arguments;
const video = remote("video").find((element) => element.videoWidth > 0 && element.checkVisibility());
const audio = remote("audio").find((element) => !element.paused && !element.muted);
if (!video || !audio) return { seen: [], heard: [] };
const kept = window.__earshotTest;
kept.context ??= new AudioContext({ sampleRate: 48000 });
await kept.context.resume();
const now = () => performance.timeOrigin + performance.now();
const [seen, heard] = [[], []];
const canvas = new OffscreenCanvas(8, 8);
const context = canvas.getContext("2d", { willReadFrequently: true });
let isWatching = true;
// Begins in what may be the middle of one.
let isWhite = true;
const look = () => {
  if (!isWatching) return;
  context.drawImage(video, 0, 0, 8, 8);
  const { data } = context.getImageData(0, 0, 8, 8);
  const was = isWhite;
  isWhite = data.reduce((sum, value) => sum + value, 0) / data.length > 160;
  if (isWhite && !was) seen.push(now());
  video.requestVideoFrameCallback(look);
};
video.requestVideoFrameCallback(look);
const source = kept.context.createMediaStreamSource(new MediaStream(audio.srcObject.getAudioTracks()));
const tap = kept.context.createScriptProcessor(256, 1, 1);
let loudAt = now();
tap.onaudioprocess = ({ inputBuffer }) => {
  if (!inputBuffer.getChannelData(0).some((sample) => Math.abs(sample) > 0.03)) return;
  const at = now();
  if (at - loudAt > 400) heard.push(at);
  loudAt = at;
};
source.connect(tap).connect(kept.context.destination);
await new Promise((resolve) => setTimeout(resolve, ms));
isWatching = false;
source.disconnect();
tap.disconnect();
return { seen, heard };
