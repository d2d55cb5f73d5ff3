/** What a call's bar holds, beside microphone, camera and leaving. */
import FileIcon from "@lucide/svelte/icons/file-up";
import Hand from "@lucide/svelte/icons/hand";
import LayoutGrid from "@lucide/svelte/icons/layout-grid";
import Maximize from "@lucide/svelte/icons/maximize";
import MessageSquare from "@lucide/svelte/icons/message-square";
import Minimize from "@lucide/svelte/icons/minimize";
import PanelRight from "@lucide/svelte/icons/panel-right";
import ScreenShare from "@lucide/svelte/icons/screen-share";
import ScreenShareOff from "@lucide/svelte/icons/screen-share-off";
import SmilePlus from "@lucide/svelte/icons/smile-plus";
import UserPlus from "@lucide/svelte/icons/user-plus";
import Users from "@lucide/svelte/icons/users";
import { t } from "../../i18n/index.svelte";
import type { AppState, CallState } from "../../state/contract";
import { letterOf } from "../shortcuts";
import type { BarItem } from "./bar";
import type { Layout } from "./stage";

interface Around {
  app: Pick<AppState, "chat" | "files">;
  call: CallState;
  /** What is seen now; null where there is only one way. */
  layout: Layout | null;
  /** Whether it fills the screen; null where it cannot. */
  full: boolean | null;
  canShare: boolean;
  /** Files that wait for an answer. */
  offered: number;
  /** Which panels are open. */
  open: Record<"add" | "react" | "people" | "chat" | "files" | "view", boolean>;
  share: () => void;
  raise: () => void;
  toggleFull: () => void;
}

/** In their order; `keep` says which of them go into "More" first. */
export function callItems(around: Around): BarItem[] {
  const { app, call, layout, full, canShare, offered, open, share, raise, toggleFull } = around;
  return [
    ...(canShare || call.screen
      ? [
          {
            id: "share",
            label: t(call.screen ? "call.share-stop" : "call.share"),
            shortcut: letterOf("share"),
            icon: call.screen ? ScreenShareOff : ScreenShare,
            look: call.screen ? ("active" as const) : ("plain" as const),
            keep: 60,
            act: share,
          },
        ]
      : []),
    {
      id: "add",
      label: t("adding.button"),
      shortcut: letterOf("add"),
      icon: UserPlus,
      busy: call.invited.some(({ stage }) => stage === "ringing"),
      keep: 40,
      panel: { id: "call-add", kind: "dialog", open: open.add },
    },
    {
      id: "hand",
      label: t(call.gestures.hand === null ? "hand.raise" : "hand.lower"),
      shortcut: letterOf("hand"),
      icon: Hand,
      look: call.gestures.hand === null ? "plain" : "active",
      keep: 55,
      act: raise,
    },
    {
      id: "react",
      label: t("react.button"),
      shortcut: letterOf("react"),
      icon: SmilePlus,
      keep: 35,
      panel: { id: "call-react", kind: "dialog", open: open.react },
    },
    ...(call.meeting === null
      ? []
      : [
          {
            id: "people",
            label: t("host.people"),
            shortcut: letterOf("people"),
            icon: Users,
            keep: 70,
            news:
              call.meeting.knocking.length === 0
                ? undefined
                : { count: call.meeting.knocking.length, label: t("host.at-door") },
            panel: { id: "call-people", kind: "dialog" as const, open: open.people },
          },
        ]),
    {
      id: "chat",
      label: t("chat.button"),
      shortcut: letterOf("chat"),
      icon: MessageSquare,
      keep: 80,
      news:
        app.chat.unread === 0
          ? undefined
          : { count: app.chat.unread, label: t("chat.unread", { count: app.chat.unread }) },
      panel: { id: "call-chat", kind: "dialog", open: open.chat },
    },
    {
      id: "files",
      label: t("files.button"),
      shortcut: letterOf("files"),
      icon: FileIcon,
      busy: app.files.some(({ state }) => state === "moving"),
      keep: 50,
      news: offered === 0 ? undefined : { count: offered, label: t("files.news") },
      panel: { id: "call-files", kind: "dialog", open: open.files },
    },
    {
      id: "view",
      label: t("meeting.view"),
      // Which changes the layout at once.
      shortcut: layout === null ? undefined : letterOf("layout"),
      icon: layout === "speaker" ? PanelRight : LayoutGrid,
      keep: 30,
      panel: { id: "call-view", kind: "menu", open: open.view },
    },
    ...(full !== null
      ? [
          {
            id: "full",
            label: t(full ? "call.full-exit" : "call.full"),
            shortcut: letterOf("full"),
            icon: full ? Minimize : Maximize,
            keep: 10,
            act: toggleFull,
          },
        ]
      : []),
  ];
}
