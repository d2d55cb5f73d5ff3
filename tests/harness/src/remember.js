// Runs before any script of a page: keeps the peer connections it makes and every capture track it is given.
(() => {
  const kept = { connections: [], tracks: [] };
  Object.defineProperty(window, "__earshotTest", { value: kept });
  const Native = window.RTCPeerConnection;
  if (Native) {
    window.RTCPeerConnection = new Proxy(Native, {
      construct(target, args, newTarget) {
        const connection = Reflect.construct(target, args, newTarget);
        kept.connections.push(connection);
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
