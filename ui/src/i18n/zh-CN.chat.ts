/** 通话中的聊天。 */
import type { chat } from "./en.chat";

type Text<S> = S extends string ? string : { readonly one: string; readonly other: string };

export const chatZhCN: Readonly<{ [K in keyof typeof chat]: Text<(typeof chat)[K]> }> = {
  "chat.button": "聊天",
  "chat.unread": { one: "{count} 条未读消息", other: "{count} 条未读消息" },
  "chat.none": "只有通话中的人能看到。通话结束后，聊天内容就没有了。",
  "chat.alone": "稍后加入的人也能看到您现在写的内容。",
  "chat.messages": "消息",
  "chat.write": "消息",
  "chat.write-hint": "发给所有人",
  "chat.send": "发送",
  "chat.close": "关闭聊天",
  "chat.you": "您",
  "chat.somebody": "某人",
  "chat.before": "您加入之前",
  "chat.since": "您加入之后",
  "chat.told": "由{name}转述",
  "chat.cut": "更早的消息已不再保留。",
  "chat.waiting": "{names}重新连上后会收到",
  "chat.new": "新消息",
  "chat.copy": "复制消息",
  "chat.copied": "已复制",
  "chat.copy-address": "复制地址 {address}",
  "chat.react": "回应这条消息",
  "chat.yes": "同意",
  "chat.heart": "喜欢",
  "chat.laugh": "好笑",
  "chat.party": "太棒了",
  "chat.done": "完成",
  "chat.reacted": "{reaction}：{names}",
  "chat.open": "{name}：{text}。打开聊天",
  "chat.said": "{name}发来消息：{text}",
  "chat.too-long": {
    one: "超出 {count} 个字。请缩短，或作为文件发送。",
    other: "超出 {count} 个字。请缩短，或作为文件发送。",
  },
  "chat.too-fast": "一下子发得太多了，请稍等片刻再试。",
};
