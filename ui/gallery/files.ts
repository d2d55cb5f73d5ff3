/** Files between the people of a call, as the gallery shows them. */
import type { AppState } from "../src/state/contract";
import type { FilesActions, Transfer } from "../src/state/filing";
import { ID } from "./people";
import { ANN, portrait } from "./pictures";
import { bobs, talk } from "./talk";

const MIB = 1024 * 1024;

function transfer(key: string, more: Partial<Transfer>): Transfer {
  return {
    key,
    direction: "in",
    device: ID.bob,
    name: "Floor plan.pdf",
    size: 18.4 * MIB,
    state: "offered",
    moved: 0,
    speed: null,
    seconds: null,
    code: null,
    ...more,
  };
}

const offeredFile = (): Transfer[] => [transfer("1", {})];

const movingFiles = (): Transfer[] => [
  transfer("1", { state: "moving", moved: 7.1 * MIB, speed: 11.2 * MIB, seconds: 1 }),
  transfer("2", {
    direction: "out",
    name: "Workshop recording, second day, with everybody’s questions and all of the answers (final).mp4",
    size: 3.2 * 1024 * MIB,
    state: "moving",
    moved: 890 * MIB,
    speed: 38.5 * MIB,
    seconds: 62,
  }),
];

const allFiles = (): Transfer[] => [
  ...movingFiles(),
  transfer("3", { name: "合同草案（第三版）.docx", size: 482_000 }),
  transfer("4", { direction: "out", name: "Notes.txt", size: 912, device: ID.bob }),
  transfer("5", { state: "waiting", name: "Backup.zip", size: 920 * MIB, moved: 311 * MIB }),
  transfer("6", { state: "done", name: "Photo (2).jpg", size: 4.1 * MIB, moved: 4.1 * MIB }),
  transfer("7", { direction: "out", state: "done", name: "Agenda.odt", size: 31_000, moved: 31_000 }),
  transfer("8", { state: "no-space", name: "Archive.tar", size: 780 * 1024 * MIB, code: "disk-full" }),
  transfer("9", { direction: "out", state: "declined", name: "Holiday.mov", size: 640 * MIB }),
  transfer("10", { state: "cancelled", name: "Draft.key", size: 22 * MIB, moved: 9 * MIB }),
];

/** Accepting makes it move, cancelling ends it. */
export function filesActions(app: AppState): FilesActions {
  const change = (key: string, more: Partial<Transfer>): void => {
    app.files = app.files.map((one) => (one.key === key ? { ...one, ...more } : one));
  };
  return {
    canShow: true,
    async offer(devices, files) {
      for (const { name, size } of files)
        for (const device of devices)
          app.files = [
            ...app.files,
            transfer(`${Date.now()}${device}`, { direction: "out", device, name, size }),
          ];
    },
    accept: (key) => change(key, { state: "moving" }),
    cancel: (key) => change(key, { state: "cancelled" }),
    dismiss: (key) => void (app.files = app.files.filter((one) => one.key !== key)),
    show: async () => undefined,
  };
}

const inCall = (files: Transfer[]): Partial<AppState> => ({
  call: talk([bobs()], { own: portrait(ANN) }),
  files,
});

export const FILES: Record<string, () => Partial<AppState>> = {
  "files-none": () => inCall([]),
  "files-offered": () => inCall(offeredFile()),
  "files-moving": () => inCall(movingFiles()),
  "files-all": () => inCall(allFiles()),
};
