/** 通话中邀请他人 */
import type { adding } from "./en.adding";

export const addingZhCN: Readonly<Record<keyof typeof adding, string>> = {
  "adding.button": "添加成员",
  "adding.search": "搜索联系人",
  "adding.ring": "呼叫{name}",
  "adding.nobody": "暂时没有其他人可以邀请。",
  "adding.not-found": "没有找到叫这个名字的人。",
  "adding.ringing": "正在呼叫{name}…",
  "adding.declined": "{name}现在不方便加入。",
  "adding.declined-with": "{name}现在不方便加入：“{message}”",
  "adding.busy": "{name}正在另一个通话中。",
  "adding.no-answer": "{name}没有接听。",
  "adding.gone": "联系不上{name}。",
  "adding.cancel": "停止呼叫{name}",
  "adding.clear": "关闭关于{name}的提示",
};
