// A voice call without the product's interface, so that a test says how the microphone is treated. Defines
// `window.__voice`; each step is one function.
window.__voice?.end();
window.__voice = (() => {
  let pc = null, stream = null, element = null;
  const candidates = [];
  const gathered = () =>
    new Promise((resolve) => {
      const whole = () => pc.iceGatheringState === "complete" && resolve();
      pc.addEventListener("icegatheringstatechange", whole);
      whole();
      setTimeout(resolve, 3000);
    });
  const described = async () => {
    await gathered();
    return { type: pc.localDescription.type, sdp: pc.localDescription.sdp, candidates };
  };
  const take = async (theirs) => {
    await pc.setRemoteDescription({ type: theirs.type, sdp: theirs.sdp });
    for (const candidate of theirs.candidates) await pc.addIceCandidate(candidate);
  };
  return {
    async open(audio) {
      stream = await navigator.mediaDevices.getUserMedia({ audio });
      pc = new RTCPeerConnection();
      pc.onicecandidate = ({ candidate }) => candidate && candidates.push(candidate.toJSON());
      pc.ontrack = ({ track }) => {
        element = document.createElement("audio");
        element.autoplay = true;
        element.srcObject = new MediaStream([track]);
        document.body.append(element);
        void element.play();
      };
      return stream.getAudioTracks()[0].getSettings();
    },
    async offer() {
      pc.addTransceiver(stream.getAudioTracks()[0], { direction: "sendrecv", streams: [stream] });
      await pc.setLocalDescription(await pc.createOffer());
      return described();
    },
    async answer(theirs) {
      await take(theirs);
      const [transceiver] = pc.getTransceivers();
      transceiver.direction = "sendrecv";
      await transceiver.sender.replaceTrack(stream.getAudioTracks()[0]);
      await pc.setLocalDescription(await pc.createAnswer());
      return described();
    },
    answered: (theirs) => take(theirs),
    state: () => pc?.connectionState ?? "none",
    speak(on) {
      for (const track of stream.getAudioTracks()) track.enabled = on;
    },
    end() {
      for (const track of stream?.getTracks() ?? []) track.stop();
      pc?.close();
      element?.remove();
      pc = stream = element = null;
    },
  };
})();
