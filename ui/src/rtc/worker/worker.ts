/**
 * The page's one Worker: it has the socket, and codes pictures both ways, so that neither waits for the page's main
 * thread nor sleeps when the window is hidden.
 */
import { FRAME_DATA, FRAME_PICTURE, FRAME_SOUND, TEXT, type Line, type Pc } from "../numbers";
import { Receiver } from "../video/receiver";
import { Sender, type Out } from "../video/sender";
import { Source } from "../video/source";
import { newFrame, payloadOf, readHeader, type Header } from "./frame";
import type {
  ReceiverCommand,
  ReceiverId,
  SenderCommand,
  SenderId,
  ToWorker,
  VideoSourceId,
} from "./messages";
import { probe } from "./probe";
import { GeneratorScreen, Generators, PageScreen } from "./screens";
import { Socket } from "./socket";
import { SoundRoutes } from "./sound-routes";
import { scope } from "./transform";

/** ms between two pictures that the page is asked for, where it is the page that takes them. */
const TICK = 33;

let socket: Socket | null = null;
/** Connections that this socket has. */
const open = new Set<Pc>();
const sources = new Map<VideoSourceId, Source>();
const senders = new Map<SenderId, Sender>();
const receivers = new Map<ReceiverId, Receiver>();
const pageScreens = new Map<ReceiverId, PageScreen>();
const generators = new Generators((tracks) =>
  scope.postMessage(
    { type: "generators", tracks },
    // MediaStreamTracks are Transferable (W3C mediacapture-extensions); the DOM library does not know.
    tracks.map(({ track }) => track as unknown as Transferable),
  ),
);
const sound = new SoundRoutes((frame) => socket?.sendBinary(frame));
const text = { encoder: new TextEncoder(), decoder: new TextDecoder() };
const out: Out = {
  waiting: (pc) => (socket && open.has(pc) ? socket.waiting : null),
  send: (frame) => socket?.sendBinary(frame),
};
let ticking: ReturnType<typeof setInterval> | null = null;

scope.onmessage = ({ data: message }) => {
  switch (message.type) {
    case "connect":
      connect(message.life, message.url);
      return;
    case "disconnect":
      if (socket?.life === message.life) socket.close();
      return;
    case "request":
      requested(message);
      return;
    case "data":
      sendData(message);
      return;
    case "capture":
      sound.capture(message.source, message);
      return;
    case "play":
      sound.play(message.pc, message.line, message);
      return;
    case "open-source":
      sources.set(message.source, new Source(message.track, message.size, message.framerate));
      return;
    case "source-live":
      sources.get(message.source)?.setLive(message.live);
      return;
    case "source-ended":
      sources.get(message.source)?.end();
      return;
    case "frame":
      scope.postMessage({ type: "taken", source: message.source });
      takeFrame(message.source, message.frame);
      return;
    case "close-source":
      sources.get(message.source)?.close();
      sources.delete(message.source);
      return;
    case "sender":
      commandSender(message.sender, message.command);
      return;
    case "receiver":
      commandReceiver(message.receiver, message.command);
      return;
    case "generators":
      generators.add(message.count);
      return;
    case "probe":
      void probe().then((found) => scope.postMessage({ type: "probed", ask: message.ask, found }));
      return;
    case "ticks":
      tick(message.on);
      return;
  }
};

function connect(life: number, url: string): void {
  const own: Socket = new Socket(life, url, {
    open: () => scope.postMessage({ type: "connected", life }),
    message: (message) => scope.postMessage({ type: "message", message }),
    binary: (frame) => heard(frame),
    lost: () => {
      if (socket === own) {
        socket = null;
        open.clear();
        sound.clear();
      }
      scope.postMessage({ type: "lost", life });
    },
  });
  socket?.close();
  socket = own;
}

function requested({ message }: Extract<ToWorker, { type: "request" }>): void {
  const { request } = message;
  if (request.type === "open") open.add(request.pc);
  if (request.type === "close") {
    open.delete(request.pc);
    sound.closed(request.pc);
  }
  if (request.type === "open-source") sound.opened(request.source, request.options.channels);
  if (request.type === "close-source") sound.closedSource(request.source);
  socket?.send(message);
}

function sendData({ pc, channel, data }: Extract<ToWorker, { type: "data" }>): void {
  const isText = typeof data === "string";
  const bytes = isText ? text.encoder.encode(data) : data;
  const flags = isText ? TEXT : 0;
  const header = { kind: FRAME_DATA, flags, codec: 0, pc, stream: channel, hold: 0, time: 0 };
  const frame = newFrame(header, bytes.byteLength);
  payloadOf(frame).set(bytes);
  socket?.sendBinary(frame);
}

function heard(frame: ArrayBuffer): void {
  const header = readHeader(frame);
  switch (header?.kind) {
    case FRAME_PICTURE:
      for (const receiver of receivers.values()) {
        const { place } = receiver;
        if (place?.pc === header.pc && place.line === header.stream) receiver.picture(header, frame);
      }
      return;
    case FRAME_SOUND:
      sound.heard(header, frame);
      return;
    case FRAME_DATA:
      heardData(header, frame);
      return;
  }
}

function heardData({ pc, stream: channel, flags }: Header, frame: ArrayBuffer): void {
  const payload = payloadOf(new Uint8Array(frame));
  if (flags & TEXT) {
    scope.postMessage({ type: "data", pc, channel, data: text.decoder.decode(payload) });
    return;
  }
  const data = payload.slice().buffer;
  scope.postMessage({ type: "data", pc, channel, data }, [data]);
}

function takeFrame(id: VideoSourceId, frame: VideoFrame): void {
  const source = sources.get(id);
  if (source) source.take(frame);
  else frame.close();
}

function commandSender(id: SenderId, command: SenderCommand): void {
  if (command.do === "open") {
    senders.set(id, new Sender(out));
    return;
  }
  const sender = senders.get(id);
  switch (command.do) {
    case "bind":
      return sender?.bind(command.pc, command.line);
    case "source":
      return sender?.setSource(command.source === null ? null : (sources.get(command.source) ?? null));
    case "settings":
      return sender?.set(command.settings);
    case "codec":
      return sender?.setCodec(command.codec);
    case "target":
      return sender?.setTarget(command.bitrate);
    case "keyframe":
      return sender?.wantKeyframe();
    case "stats":
      if (sender) scope.postMessage({ type: "send-stats", ask: command.ask, stats: sender.stats() });
      return;
    case "close":
      senders.delete(id);
      return sender?.close();
  }
}

function commandReceiver(id: ReceiverId, command: ReceiverCommand): void {
  if (command.do === "open") {
    receivers.set(id, new Receiver(screenOf(id, command.generator), askKeyframe));
    return;
  }
  const receiver = receivers.get(id);
  switch (command.do) {
    case "bind":
      return receiver?.bind(command.pc, command.line);
    case "active":
      return receiver?.setActive(command.active);
    case "drawn":
      return pageScreens.get(id)?.drawn();
    case "stats":
      if (receiver) scope.postMessage({ type: "receive-stats", ask: command.ask, stats: receiver.stats() });
      return;
    case "close":
      receivers.delete(id);
      pageScreens.delete(id);
      return receiver?.close();
  }
}

function screenOf(id: ReceiverId, number: number | null): GeneratorScreen | PageScreen {
  const generator = number === null ? null : generators.take(number);
  if (generator) return new GeneratorScreen(generator);
  const screen = new PageScreen((frame) =>
    scope.postMessage({ type: "picture", receiver: id, frame }, [frame as unknown as Transferable]),
  );
  pageScreens.set(id, screen);
  return screen;
}

function askKeyframe(pc: Pc, line: Line): void {
  if (open.has(pc)) socket?.ask({ type: "want-keyframe", pc, line });
}

function tick(on: boolean): void {
  if (ticking !== null) clearInterval(ticking);
  ticking = on ? setInterval(() => scope.postMessage({ type: "tick" }), TICK) : null;
}
