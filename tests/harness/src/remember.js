// Runs before any script of a page: keeps the peer connections it makes, every state they were ever in, what they
// are given as remote descriptions, and every capture track.
(() => {
  const kept = { connections: [], states: [], remotes: [], tracks: [] };
  Object.defineProperty(window, "__earshotTest", { value: kept });
  const Native = window.RTCPeerConnection;
  if (Native) {
    window.RTCPeerConnection = new Proxy(Native, {
      construct(target, args, newTarget) {
        const connection = Reflect.construct(target, args, newTarget);
        kept.connections.push(connection);
        connection.addEventListener("connectionstatechange", () => kept.states.push(connection.connectionState));
        const setRemoteDescription = connection.setRemoteDescription;
        connection.setRemoteDescription = function (description) {
          kept.remotes.push(String(description && description.sdp));
          return setRemoteDescription.apply(connection, arguments);
        };
        return connection;
      },
    });
  }
  const devices = navigator.mediaDevices;
  if (devices && devices.getUserMedia) {
    const getUserMedia = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await getUserMedia(constraints);
      kept.tracks.push(...stream.getTracks());
      return stream;
    };
  }
})();
