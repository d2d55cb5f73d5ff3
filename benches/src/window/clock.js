// (width, height, tone): puts a clock in the place of the camera, and with `tone` a tone in that of the microphone,
// which is opened as ever otherwise. The picture's upper strip holds the time as 24 bars: 20 bits of ms, most
// significant first, and their check digits; below wanders a landscape, so that the coders have what they have in life.
const [width, height, tone] = arguments;
const BITS = 20, CHECK = 4;
const kept = (window.__earshotClock ??= { own: new Set() });
Object.assign(kept, { width, height, tone });
const FPS = 30;
const STRIP = 6;

const check = (value) => {
  let sum = 0;
  for (let rest = value; rest > 0; rest >>>= 4) sum += rest & 15;
  return (sum * 7 + 3) & 15;
};

function landscape(width, height) {
  const canvas = new OffscreenCanvas(width + 256, height + 256);
  const context = canvas.getContext("2d");
  let seed = 12345;
  const random = (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed / 0x7fffffff) * below;
  };
  const sky = context.createLinearGradient(0, 0, canvas.width, canvas.height);
  sky.addColorStop(0, "#305080");
  sky.addColorStop(1, "#c0a070");
  context.fillStyle = sky;
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (let each = 0; each < 160; each++) {
    context.fillStyle = `hsl(${random(360)} 40% ${30 + random(40)}%)`;
    context.beginPath();
    context.ellipse(random(canvas.width), random(canvas.height), 8 + random(70), 8 + random(50), random(3), 0, 7);
    context.fill();
  }
  return canvas;
}

function picture() {
  const { width, height } = kept;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { alpha: false });
  const behind = landscape(width, height);
  const [track] = canvas.captureStream(0).getVideoTracks();
  let drawn = 0;
  const draw = () => {
    const turn = (drawn++ / FPS / 6) * Math.PI * 2;
    context.drawImage(behind, -128 - 120 * Math.cos(turn), -128 - 120 * Math.sin(turn));
    const value = Date.now() & ((1 << BITS) - 1);
    const bits = (value << CHECK) | check(value);
    context.fillStyle = "black";
    context.fillRect(0, 0, width, height / STRIP);
    context.fillStyle = "white";
    const bar = width / (BITS + CHECK);
    for (let at = 0; at < BITS + CHECK; at++) {
      if ((bits >>> (BITS + CHECK - 1 - at)) & 1) context.fillRect(at * bar, 0, bar, height / STRIP);
    }
    track.requestFrame();
  };
  draw();
  const timer = setInterval(draw, 1000 / FPS);
  const stop = track.stop.bind(track);
  track.stop = () => {
    clearInterval(timer);
    stop();
  };
  const settings = { deviceId: "clock", groupId: "clock", width, height, frameRate: FPS };
  track.getSettings = () => settings;
  track.applyConstraints = async () => undefined;
  kept.own.add(track);
  return track;
}

function voice() {
  kept.context ??= new AudioContext({ sampleRate: 48000 });
  void kept.context.resume();
  const sound = new OscillatorNode(kept.context, { frequency: 440 });
  const out = new MediaStreamAudioDestinationNode(kept.context, { channelCount: 1 });
  sound.connect(new GainNode(kept.context, { gain: 0.3 })).connect(out);
  sound.start();
  return out.stream.getAudioTracks()[0];
}

// The newest time in a picture, ms modulo 2^20; null where the bars cannot be read.
kept.read = (video) => {
  kept.reader ??= new OffscreenCanvas((BITS + CHECK) * 4, 4).getContext("2d", { willReadFrequently: true });
  const context = kept.reader;
  const { width: cells } = context.canvas;
  context.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / STRIP, 0, 0, cells, 4);
  const { data } = context.getImageData(0, 0, cells, 4);
  let bits = 0;
  for (let at = 0; at < BITS + CHECK; at++) {
    const pixel = (2 * cells + at * 4 + 2) * 4;
    bits = (bits << 1) | (data[pixel + 1] > 127 ? 1 : 0);
  }
  const value = bits >>> CHECK;
  return (bits & 15) === check(value) ? value : null;
};

// The shown picture of the other side.
kept.remote = () =>
  [...document.querySelectorAll("video")].find((video) => {
    const [track] = video.srcObject instanceof MediaStream ? video.srcObject.getVideoTracks() : [];
    return track?.readyState === "live" && !kept.own.has(track) && video.videoWidth > 0 && video.checkVisibility();
  });

// Looks at each picture that is shown from now on for `ms`; see `watched`.
kept.watch = (ms) => {
  const video = kept.remote();
  if (!video) throw new Error("nobody else's picture is shown");
  const found = { delays: [], shown: 0, unread: 0, width: 0, height: 0, ms: 0 };
  const start = performance.now();
  let last = null;
  kept.watched = new Promise((resolve) => {
    const look = () => {
      const at = Date.now();
      const value = kept.read(video);
      if (value === null) found.unread++;
      else if (value !== last) {
        found.shown++;
        last = value;
        found.delays.push((at - value) & ((1 << BITS) - 1));
      }
      found.ms = performance.now() - start;
      found.width = video.videoWidth;
      found.height = video.videoHeight;
      if (found.ms < ms) next(look);
      else resolve(found);
    };
    const told = video.requestVideoFrameCallback(() => (next = (then) => video.requestVideoFrameCallback(then)));
    // A webview that paints without a graphics card tells of no pictures: it is looked at whenever it paints.
    let next = (then) => requestAnimationFrame(then);
    setTimeout(() => (video.cancelVideoFrameCallback(told), look()), 300);
    setTimeout(() => resolve(found), ms + 2000);
  });
};

const devices = navigator.mediaDevices;
if (!kept.open) {
  kept.open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const tracks = [];
    if (constraints.audio) {
      tracks.push(...(kept.tone ? [voice()] : (await kept.open({ audio: constraints.audio })).getTracks()));
    }
    if (constraints.video) tracks.push(picture());
    return new MediaStream(tracks);
  };
  // A machine without a camera has one now.
  const list = devices.enumerateDevices.bind(devices);
  devices.enumerateDevices = async () => {
    const found = (await list()).filter((device) => device.kind !== "videoinput");
    const named = (kind) => ({ kind, deviceId: "clock", groupId: "clock", label: "Clock", toJSON: () => ({}) });
    if (!found.some((device) => device.kind === "audioinput")) found.push(named("audioinput"));
    return [...found, named("videoinput")];
  };
}
