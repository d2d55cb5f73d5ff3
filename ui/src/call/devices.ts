/** Which microphone or camera to use, and what is wrong when none can be. Pure. */

export type InputKind = "microphone" | "camera";

export type MediaProblem =
  | "microphone-denied"
  | "microphone-missing"
  | "microphone-busy"
  | "camera-denied"
  | "camera-missing"
  | "camera-busy";

/** From the DOMException's name (W3C Media Capture and Streams, section 10.2). */
export function problemOf(kind: InputKind, error: unknown): MediaProblem {
  const name = typeof error === "object" && error !== null && "name" in error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return `${kind}-denied`;
  if (name === "NotReadableError" || name === "AbortError") return `${kind}-busy`;
  return `${kind}-missing`;
}

export const SCREEN_PROBLEMS = ["screen-denied", "screen-no-portal", "screen-missing"] as const;
export type ScreenProblem = (typeof SCREEN_PROBLEMS)[number];

/** From the DOMException's name (W3C Screen Capture, section 5.1), and from what WebKitGTK makes of it. */
export function screenProblemOf(error: unknown): ScreenProblem {
  const name = typeof error === "object" && error !== null && "name" in error ? error.name : "";
  // WebKitGTK says so when there is no portal to ask, though nothing was constrained.
  if (name === "OverconstrainedError") return "screen-no-portal";
  return name === "NotFoundError" ? "screen-missing" : "screen-denied";
}

export interface Current {
  label: string;
  deviceId: string;
  groupId: string;
}

/**
 * @param preferred the label that the person chose, on this origin or another; "" is the system's choice
 * @param chosenId the id they chose in this session, or ""
 * @param current what is in use, or null
 * @returns the id to open ("" is the system's choice), and whether that is a change from `current`
 */
export function chooseInput(
  devices: readonly MediaDeviceInfo[],
  kind: InputKind,
  preferred: string,
  chosenId: string,
  current: Current | null,
): { deviceId: string; move: boolean } {
  const inputs = devices.filter(
    ({ kind: is }) => is === (kind === "microphone" ? "audioinput" : "videoinput"),
  );
  const isThere = (deviceId: string): boolean => inputs.some((device) => device.deviceId === deviceId);
  if (preferred) {
    const found =
      inputs.find((device) => device.deviceId === chosenId && device.label === preferred) ??
      inputs.find((device) => device.label === preferred);
    if (found)
      return { deviceId: found.deviceId, move: current !== null && current.deviceId !== found.deviceId };
    // Not plugged in: stay with whatever works until it is back.
    return { deviceId: "", move: current !== null && current.deviceId !== "" && !isThere(current.deviceId) };
  }
  // Chromium lists the system's choice as an entry of its own; a headset just plugged in becomes it.
  const standard = inputs.find((device) => device.deviceId === "default");
  if (current && standard?.groupId) {
    return { deviceId: "", move: current.groupId !== standard.groupId };
  }
  return { deviceId: "", move: current !== null && current.deviceId !== "" && !isThere(current.deviceId) };
}
