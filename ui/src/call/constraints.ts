/** What is asked of a microphone and a camera. */
import type { InputKind } from "./devices";

/** 720p30, or 1080p30. All `ideal`: a poorer camera is better than none. */
export function fullHdConstraints(fullHd: boolean): MediaTrackConstraints {
  const [width, height] = fullHd ? [1920, 1080] : [1280, 720];
  return { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30, max: 30 } };
}

/** @param deviceId "" leaves the choice to the system */
export function constraintsFor(kind: InputKind, deviceId: string): MediaStreamConstraints {
  const device: MediaTrackConstraints = deviceId ? { deviceId: { exact: deviceId } } : {};
  if (kind === "camera") return { video: { ...device, ...fullHdConstraints(false) } };
  return {
    audio: {
      ...device,
      echoCancellation: { ideal: true },
      noiseSuppression: { ideal: true },
      autoGainControl: { ideal: true },
    },
  };
}
