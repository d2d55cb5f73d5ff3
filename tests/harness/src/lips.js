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
const seenAt = (shownAt) => {
  context.drawImage(video, 0, 0, 8, 8);
  const { data } = context.getImageData(0, 0, 8, 8);
  const was = isWhite;
  isWhite = data.reduce((sum, value) => sum + value, 0) / data.length > 160;
  if (isWhite && !was) seen.push(performance.timeOrigin + shownAt);
};
const look = (_, { presentationTime }) => {
  if (!isWatching) return;
  isTold = true;
  seenAt(presentationTime);
  video.requestVideoFrameCallback(look);
};
// A webview that paints without a graphics card tells of no pictures: it is looked at whenever it paints.
let isTold = false;
const painted = (at) => {
  if (!isWatching || isTold) return;
  seenAt(at);
  requestAnimationFrame(painted);
};
video.requestVideoFrameCallback(look);
setTimeout(() => requestAnimationFrame(painted), 300);
// Clones, which end with this: WebKitGTK piles up what a source that is no longer read is given.
const heardTracks = audio.srcObject.getAudioTracks().map((track) => track.clone());
const source = kept.context.createMediaStreamSource(new MediaStream(heardTracks));
const tap = kept.context.createScriptProcessor(256, 1, 1);
// Samples have exact times of the sound's clock. The least delayed event tells how that stands to the machine's.
let loudAt = kept.context.currentTime;
let offset = Infinity;
tap.onaudioprocess = ({ inputBuffer, playbackTime }) => {
  offset = Math.min(offset, now() - playbackTime * 1000);
  const first = inputBuffer.getChannelData(0).findIndex((sample) => Math.abs(sample) > 0.03);
  if (first < 0) return;
  const at = playbackTime + first / kept.context.sampleRate;
  if (at - loudAt > 0.4) heard.push(at * 1000);
  loudAt = at;
};
source.connect(tap).connect(kept.context.destination);
await new Promise((resolve) => setTimeout(resolve, ms));
isWatching = false;
source.disconnect();
for (const track of heardTracks) track.stop();
tap.disconnect();
return { seen, heard: heard.map((at) => at + offset) };
