// The man in the middle's own media end: a peer connection to each of two people, each of whom takes it for the other.
// What comes from one is shown here and passed on to the other. The hub, which it is an accomplice of, carries its
// descriptions in place of theirs.
"use strict";
const LANES = ["audio", "video", "video", "audio"];
const CHANNELS = ["control", "chat", "files"];
const socket = new WebSocket(`ws://${location.host}/middle`);
/** By room: the legs by device id. */
const calls = new Map();
window.overheard = [];

const say = (room, from, to, signal) => socket.send(JSON.stringify({ room, from, to, signal }));

/** A leg to `device`, who takes it for `other`. */
function leg(room, device, other) {
  const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const made = { connection, senders: [], tracks: [], channels: [], waiting: [] };
  made.channels = CHANNELS.map((label, id) => connection.createDataChannel(label, { negotiated: true, id }));
  connection.onicecandidate = ({ candidate }) => {
    if (candidate && !candidate.candidate) return;
    say(room, other, device, candidate ? { type: "candidate", candidate: candidate.toJSON() } : { type: "candidate" });
  };
  connection.ontrack = ({ transceiver, track }) => {
    const lane = connection.getTransceivers().indexOf(transceiver);
    made.tracks[lane] = track;
    // Sound is passed on only while something plays it, be it in silence.
    const element = document.createElement(track.kind);
    element.autoplay = element.muted = true;
    element.srcObject = new MediaStream([track]);
    element.width = 320;
    document.body.append(element);
  };
  return made;
}

/** What one says on a data channel the other hears. */
function joinChannels(one, other) {
  one.channels.forEach((channel, index) => {
    const out = other.channels[index];
    const held = [];
    channel.onmessage = ({ data }) => {
      window.overheard.push(String(data).slice(0, 200));
      if (String(data).includes('"type":"signal"')) return;
      if (out.readyState === "open") out.send(data);
      else held.push(data);
    };
    out.addEventListener("open", () => held.splice(0).forEach((data) => out.send(data)));
  });
}

/** What comes from one goes out to the other. */
async function joinTracks(from, to) {
  const transceivers = to.connection.getTransceivers();
  for (const [lane, track] of from.tracks.entries()) {
    if (track && transceivers[lane]) await transceivers[lane].sender.replaceTrack(track);
  }
}

async function offered({ room, from, to, signal }) {
  const { description } = signal;
  let call = calls.get(room);
  if (!call) {
    call = { [from]: leg(room, from, to), [to]: leg(room, to, from) };
    calls.set(room, call);
    joinChannels(call[from], call[to]);
    joinChannels(call[to], call[from]);
    const near = call[from].connection;
    const far = call[to].connection;
    await near.setRemoteDescription({ type: "offer", sdp: description.sdp });
    near.getTransceivers().forEach((transceiver) => (transceiver.direction = "sendrecv"));
    LANES.forEach((kind) => far.addTransceiver(kind, { direction: "sendrecv", streams: [new MediaStream()] }));
    await joinTracks(call[from], call[to]);
    await far.setLocalDescription(await far.createOffer());
    say(room, from, to, {
      type: "description",
      description: { type: "offer", sdp: far.localDescription.sdp, round: description.round },
    });
  } else {
    await call[from].connection.setRemoteDescription({ type: "offer", sdp: description.sdp });
  }
  const near = call[from].connection;
  await near.setLocalDescription(await near.createAnswer());
  say(room, to, from, {
    type: "description",
    description: { type: "answer", sdp: near.localDescription.sdp, round: description.round },
  });
  await added(call[from]);
}

async function answered({ room, from, to, signal }) {
  const call = calls.get(room);
  if (!call || call[from].connection.signalingState !== "have-local-offer") return;
  await call[from].connection.setRemoteDescription({ type: "answer", sdp: signal.description.sdp });
  await joinTracks(call[from], call[to]);
  await added(call[from]);
}

async function added(leg) {
  for (const candidate of leg.waiting.splice(0)) await leg.connection.addIceCandidate(candidate).catch(() => undefined);
}

async function heard(passing) {
  const { room, from, signal } = passing;
  if (signal.type === "description") {
    document.querySelector("p").textContent = `An ${signal.description.type} was heard.`;
    await (signal.description.type === "offer" ? offered(passing) : answered(passing));
  } else if (signal.type === "candidate" && signal.candidate) {
    const call = calls.get(room);
    if (!call) return;
    if (call[from].connection.remoteDescription) await call[from].connection.addIceCandidate(signal.candidate).catch(() => undefined);
    else call[from].waiting.push(signal.candidate);
  }
}

let work = Promise.resolve();
socket.onmessage = ({ data }) => {
  work = work.then(() => heard(JSON.parse(data))).catch((error) => console.error(String(error && error.stack || error)));
};
