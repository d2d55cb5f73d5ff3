/** Lists microphones, cameras and speakers, and finds the chosen ones in them. */
import type { Settings } from "../gen/protocol";
import type { DevicesState, MediaDevice } from "./contract";

type Labels = Pick<Settings, "microphone" | "camera" | "speaker">;

/** Chromium's doubles of the system's choice. */
const DOUBLES = ["default", "communications"];

function list(devices: readonly MediaDeviceInfo[], kind: MediaDeviceKind): MediaDevice[] {
  return devices
    .filter((device) => device.kind === kind && device.deviceId !== "" && !DOUBLES.includes(device.deviceId))
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/** @param chosenIds ids chosen in this session, which tell two devices of one label apart */
export function deviceLists(
  devices: readonly MediaDeviceInfo[],
  labels: Labels,
  chosenIds: Labels,
): Omit<DevicesState, "canChooseSpeaker"> {
  const lists = {
    microphones: list(devices, "audioinput"),
    cameras: list(devices, "videoinput"),
    speakers: list(devices, "audiooutput"),
  };
  const chosen = (kind: keyof Labels): string => {
    if (labels[kind] === "") return "";
    const named = lists[`${kind}s`].filter(({ label }) => label === labels[kind]);
    // Not plugged in at the moment: the system's choice is what is used.
    return (named.find(({ id }) => id === chosenIds[kind]) ?? named[0])?.id ?? "";
  };
  return {
    ...lists,
    microphone: chosen("microphone"),
    camera: chosen("camera"),
    speaker: chosen("speaker"),
  };
}
