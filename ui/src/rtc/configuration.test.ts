/** Configurations, candidates and descriptions as a page gives them. */
import { beforeEach, describe, expect, it } from "vitest";
import { read } from "./sdp";
import { page, thrown, type Page } from "./testing";

let side: Page;

beforeEach(() => {
  side = page();
});

function of(configuration: unknown): Promise<string> {
  return thrown(() => new RTCPeerConnection(configuration as RTCConfiguration));
}

function server(...urls: string[]): unknown {
  return { iceServers: [{ urls, username: "u", credential: "c" }] };
}

describe("a configuration", () => {
  it("has defaults, and is not the page's own object", () => {
    const given = { iceServers: [{ urls: "stun:192.0.2.1" }] };
    const pc = side.connection(given);
    given.iceServers.push({ urls: "stun:192.0.2.2" });
    expect(pc.getConfiguration()).toEqual({
      iceServers: [{ urls: ["stun:192.0.2.1"] }],
      iceTransportPolicy: "all",
      bundlePolicy: "balanced",
      rtcpMuxPolicy: "require",
      iceCandidatePoolSize: 0,
      certificates: [],
    });
    expect(side.native.asked("open")).toMatchObject([
      { configuration: { ice_servers: [{ urls: ["stun:192.0.2.1"] }], relay_only: false } },
    ]);
  });

  it("is refused by name", async () => {
    expect(await of({ iceServers: null })).toBe("TypeError");
    expect(await of({ iceServers: [{}] })).toBe("TypeError");
    expect(await of({ iceServers: [{ urls: [] }] })).toBe("SyntaxError");
    for (const url of [
      "",
      "relay",
      "stun:",
      "stun://h",
      "stun:h?transport=udp",
      "turn:h?transport=x",
      "stun:h:0",
    ])
      expect([url, await of(server(url))]).toEqual([url, "SyntaxError"]);
    for (const url of ["stun:h", "stun:[::1]:3478", "turn:h:1?transport=tcp", "turns:192.0.2.1", "stuns:h"])
      expect([url, await of(server(url))]).toEqual([url, "nothing"]);
    expect(await of({ iceServers: [{ urls: "turn:h" }] })).toBe("InvalidAccessError");
    expect(await of({ iceServers: [{ urls: "turn:h", username: "u" }] })).toBe("InvalidAccessError");
    expect(await of({ iceTransportPolicy: "some" })).toBe("TypeError");
    expect(await of({ bundlePolicy: null })).toBe("TypeError");
    expect(await of({ iceCandidatePoolSize: 256 })).toBe("TypeError");
    expect(await of({ certificates: [{}] })).toBe("TypeError");
    expect(await of({ rtcpMuxPolicy: "negotiate" })).toBe("NotSupportedError");
    expect(await thrown(() => RTCPeerConnection.generateCertificate("ECDSA"))).toBe("NotSupportedError");
    expect(await thrown(() => new RTCRtpSender())).toBe("TypeError");
  });

  it("is changed where that is possible, and the native side hears it", async () => {
    const pc = side.connection();
    pc.setConfiguration({ iceTransportPolicy: "relay" });
    expect(side.native.asked("set-configuration")).toMatchObject([{ configuration: { relay_only: true } }]);
    expect(await thrown(() => pc.setConfiguration({ bundlePolicy: "max-bundle" }))).toBe(
      "InvalidModificationError",
    );
    pc.addTransceiver("audio");
    await pc.setLocalDescription();
    expect(await thrown(() => pc.setConfiguration({ iceCandidatePoolSize: 1 }))).toBe(
      "InvalidModificationError",
    );
    pc.close();
    expect(await thrown(() => pc.setConfiguration({}))).toBe("InvalidStateError");
  });
});

describe("a candidate", () => {
  it("is read as RFC 8839 writes it", () => {
    const candidate = new RTCIceCandidate({
      candidate:
        "candidate:3 1 tcp 1015021823 1c8b0c5e.local 9 typ srflx raddr 192.0.2.7 rport 7 tcptype active ufrag ab",
      sdpMid: "a",
      usernameFragment: "ab",
    });
    expect(candidate).toMatchObject({
      foundation: "3",
      component: "rtp",
      protocol: "tcp",
      priority: 1_015_021_823,
      address: "1c8b0c5e.local",
      port: 9,
      type: "srflx",
      tcpType: "active",
      relatedAddress: "192.0.2.7",
      relatedPort: 7,
      usernameFragment: "ab",
    });
    expect(JSON.parse(JSON.stringify(candidate))).toEqual({
      candidate: candidate.candidate,
      sdpMid: "a",
      sdpMLineIndex: null,
      usernameFragment: "ab",
    });
    expect(new RTCIceCandidate({ candidate: "nonsense", sdpMLineIndex: 0 }).address).toBeNull();
  });
});

describe("a description", () => {
  const HEAD = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";

  it("is read for what the page needs", () => {
    const [audio, screen, data] = read(
      `${HEAD}a=setup:actpass\r\na=ice-ufrag:uf\r\n` +
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\na=mid:a\r\na=msid:s t\r\na=ssrc:1 msid:x y\r\na=recvonly\r\n" +
        "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\n" +
        "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:b\r\na=bundle-only\r\na=msid:- t\r\n" +
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:c\r\na=max-message-size:0\r\n",
    );
    expect(audio).toMatchObject({
      mid: "a",
      direction: "recvonly",
      streams: ["s"],
      ufrag: "uf",
      setup: "actpass",
      hasRtcpMux: true,
      codecs: [
        {
          payloadType: 111,
          mimeType: "audio/opus",
          clockRate: 48_000,
          channels: 2,
          sdpFmtpLine: "useinbandfec=1",
        },
        { payloadType: 0, mimeType: "audio/PCMU", clockRate: 8_000, channels: 1 },
      ],
    });
    expect(screen).toMatchObject({ isRejected: false, streams: [], hasMsid: true });
    expect(data).toMatchObject({ isRejected: true, maxMessageSize: 0 });
  });

  it("is refused for what nobody may say", async () => {
    const offer = async (section: string, head = `${HEAD}a=fingerprint:sha-256 AA\r\n`): Promise<string> => {
      const pc = side.connection();
      return thrown(() => pc.setRemoteDescription({ type: "offer", sdp: `${head}${section}` }));
    };
    const good = "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:96 opus/48000/2\r\n";
    expect(await offer(good)).toBe("nothing");
    expect(await offer(good, HEAD)).toBe("InvalidAccessError");
    expect(await offer(good.replace("a=rtcp-mux\r\n", ""))).toBe("InvalidAccessError");
    expect(await offer(good.replaceAll("96", "72"))).toBe("InvalidAccessError");
    expect(await offer(`${good}a=ice-ufrag:a$b\r\n`)).toBe("InvalidAccessError");
    expect(await offer(good.replace("m=audio 9", "m=audio nine"))).toBe("OperationError");
  });

  it("that answers what was not offered is refused", async () => {
    const [one, two] = [side.connection(), side.connection()];
    one.addTransceiver("audio", { direction: "sendonly" });
    await one.setLocalDescription();
    await two.setRemoteDescription(one.localDescription as RTCSessionDescription);
    await two.setLocalDescription();
    const sdp = two.localDescription?.sdp.replace("recvonly", "sendrecv") ?? "";
    expect(await thrown(() => one.setRemoteDescription({ type: "answer", sdp }))).toBe("InvalidAccessError");
    expect(one.signalingState).toBe("have-local-offer");
  });
});
