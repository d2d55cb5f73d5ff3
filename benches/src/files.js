// Two pages of two hosts, joined by hand: how fast a data channel is when nothing but it is there.
const gathered = (pc) =>
  new Promise((done) => {
    const look = () => pc.iceGatheringState === "complete" && done(pc.localDescription.sdp);
    pc.addEventListener("icegatheringstatechange", look);
    look();
  });

function connection() {
  // With the microphone open, addresses are told as they are.
  const pc = new RTCPeerConnection();
  const channel = pc.createDataChannel("bench", { negotiated: true, id: 0 });
  channel.binaryType = "arraybuffer";
  const state = { pc, channel, came: 0 };
  channel.onmessage = ({ data }) => (state.came += data.byteLength);
  globalThis.benchChannel = state;
  return state;
}

globalThis.benchOffer = async () => {
  const { pc } = connection();
  await pc.setLocalDescription(await pc.createOffer());
  return gathered(pc);
};

globalThis.benchAnswer = async (sdp) => {
  const { pc } = connection();
  await pc.setRemoteDescription({ type: "offer", sdp });
  await pc.setLocalDescription(await pc.createAnswer());
  return gathered(pc);
};

globalThis.benchTake = (sdp) => globalThis.benchChannel.pc.setRemoteDescription({ type: "answer", sdp });

/** Sends for `seconds`; gives bytes a second, as they left. */
globalThis.benchSend = async (size, seconds) => {
  const { channel } = globalThis.benchChannel;
  while (channel.readyState !== "open") await new Promise((done) => setTimeout(done, 20));
  const piece = new Uint8Array(size);
  crypto.getRandomValues(piece.subarray(0, Math.min(size, 65536)));
  channel.bufferedAmountLowThreshold = 512 * 1024;
  const begin = performance.now();
  let sent = 0;
  while (performance.now() - begin < seconds * 1000) {
    if (channel.bufferedAmount > 2 * 1024 * 1024)
      await new Promise((done) => channel.addEventListener("bufferedamountlow", done, { once: true }));
    channel.send(piece);
    sent += size;
  }
  const left = sent - channel.bufferedAmount;
  const rate = left / ((performance.now() - begin) / 1000);
  while (channel.bufferedAmount > 0) await new Promise((done) => setTimeout(done, 20));
  return rate;
};
