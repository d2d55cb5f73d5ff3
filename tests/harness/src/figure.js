// Gives a page the looks and the voice of `figure` ({ colour, hz }): camera and microphone are opened as ever, and what
// comes from them is replaced. A camera with a grey bar that wanders once a second; a tone that sounds 400 ms of each
// 500 ms. `figure.flash`: black, and for 150 ms of each second white, while the tone sounds.
// `figure.noise`: the lowest fifth is noise, which takes as many bits as there are.
const devices = navigator.mediaDevices;
if (devices && !devices.earshotFigure) {
  devices.earshotFigure = figure;
  // An engine may forget a track's object, and what was set on it, while the track lives.
  const kept = [];
  devices.earshotTracks = kept;
  // When the picture turned white and when the tone began, ms of the machine's clock.
  const flashes = [];
  devices.earshotFlashes = flashes;
  const open = devices.getUserMedia.bind(devices);
  let shared = null;
  const sounds = () => {
    shared ??= new AudioContext({ sampleRate: 48000 });
    void shared.resume();
    return shared;
  };
  // The clock of the tone is the picture's, too: what is seen and heard at once leaves at once.
  const isOn = (at) => (figure.flash ? at % 1 < 0.15 : at % 0.5 < 0.4);
  // Small, so that two cores suffice for two hosts.
  const [width, height] = [640, 360];
  const noise = (height) => {
    const image = new ImageData(width, height);
    crypto.getRandomValues(new Uint8Array(image.data.buffer, 0, 65536));
    for (let at = 65536; at < image.data.length; at += 65536) image.data.copyWithin(at, 0, 65536);
    return image;
  };
  const picture = () => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d", { alpha: false });
    let drawn = 0;
    let wasOn = true;
    const draw = () => {
      const at = sounds().currentTime;
      const on = isOn(at);
      const now = performance.timeOrigin + performance.now();
      if (on && !wasOn && figure.flash) flashes.push([now, now - (at % 1) * 1000]);
      wasOn = on;
      context.fillStyle = figure.flash ? (on ? "white" : "black") : figure.colour;
      context.fillRect(0, 0, width, height);
      context.fillStyle = "rgb(235 235 235)";
      const bar = Math.floor((drawn++ % 30) / 2) / 15;
      if (!figure.flash) context.fillRect(bar * width, 0, width / 15, height);
      if (figure.noise) context.putImageData(noise(Math.floor(height / 5)), 0, height * 0.8);
    };
    draw();
    const timer = setInterval(draw, figure.flash ? 10 : 33);
    const [track] = canvas.captureStream(30).getVideoTracks();
    return [track, () => clearInterval(timer)];
  };
  const voice = () => {
    const context = sounds();
    const tone = new OscillatorNode(context, { frequency: figure.hz });
    const gate = new GainNode(context, { gain: 0 });
    const out = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    tone.connect(gate).connect(out);
    tone.start();
    let until = context.currentTime;
    const [length, beat] = figure.flash ? [0.15, 1] : [0.4, 0.5];
    const ahead = () => {
      for (; until < context.currentTime + 2; until += beat) {
        const at = Math.ceil(until / beat) * beat;
        gate.gain.setTargetAtTime(0.5, at, 0.002);
        gate.gain.setTargetAtTime(0, at + length, 0.002);
      }
    };
    ahead();
    const timer = setInterval(ahead, 250);
    const [track] = out.stream.getAudioTracks();
    return [track, () => { clearInterval(timer); tone.stop(); }];
  };
  const stands = (device) => {
    const [track, end] = device.kind === "video" ? picture() : voice();
    const stop = track.stop.bind(track);
    track.stop = () => { stop(); end(); device.stop(); };
    Object.defineProperty(track, "label", { value: device.label });
    track.getSettings = () => ({ ...device.getSettings(), ...(device.kind === "video" ? { width, height } : {}) });
    track.applyConstraints = async () => undefined;
    kept.push(track);
    return track;
  };
  devices.getUserMedia = async (constraints) => {
    const stream = await open(constraints);
    return new MediaStream(stream.getTracks().map(stands));
  };
}
