// Runs before any script of a page: notes when, in ms since 1970, somebody clicked, the camera was there, a peer
// connection was made and connected, and the first frame of a received picture was shown.
(() => {
  let marks = {};
  const now = () => performance.timeOrigin + performance.now();
  const mark = (name) => {
    marks[name] ??= now();
  };
  Object.defineProperty(window, "__earshotMarks", {
    value: { read: () => marks, clear: () => (marks = {}) },
  });

  document.addEventListener("click", () => mark("clicked"), true);

  const devices = navigator.mediaDevices;
  const getUserMedia = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    // Microphone and camera may come one after the other: the last counts.
    marks.captured = now();
    return stream;
  };

  const received = new WeakSet();
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = new Proxy(Native, {
    construct(target, args, newTarget) {
      mark("made");
      const connection = Reflect.construct(target, args, newTarget);
      connection.addEventListener("signalingstatechange", () => mark(connection.signalingState));
      connection.addEventListener("track", ({ track }) => received.add(track));
      connection.addEventListener("connectionstatechange", () => {
        if (connection.connectionState === "connected") mark("connected");
      });
      return connection;
    },
  });

  const isRemote = (video) => video.srcObject?.getVideoTracks().some((track) => received.has(track));
  const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
  Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
    configurable: true,
    get,
    set(stream) {
      set.call(this, stream);
      if (!(this instanceof HTMLVideoElement) || stream === null) return;
      const shown = () => {
        if (isRemote(this)) mark("frame");
        // One's own picture came first.
        else if (this.srcObject === stream) this.requestVideoFrameCallback(shown);
      };
      this.requestVideoFrameCallback(shown);
    },
  });
})();
