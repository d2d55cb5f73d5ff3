/** 每个错误码对人说的话：发生了什么，接下来怎么办。 */
import type { errors } from "./en.errors";

export const errorsZhCN: Readonly<Record<keyof typeof errors, string>> = {
  "error.malformed": "两边的程序没能互相听懂。请把双方的 Earshot 都更新后再试。",
  "error.too-large": "一次发的内容太多了，请缩短后再试。",
  "error.hello-expected": "对方的程序没有先打招呼。请把双方的 Earshot 都更新后再试。",
  "error.hello-timeout": "对方迟迟没有回应，请稍后再试。",
  "error.version-unsupported": "双方的 Earshot 版本相差太远，请都更新后再试。",
  "error.bad-signature":
    "对方无法证明自己的身份，因此什么也没有发出去。请重试；如果一直这样，请联系网络管理员。",
  "error.wrong-device": "应答的是另一台电脑，通话已被拦下。等对方重新出现在列表里再呼叫。",
  "error.too-many-requests": "操作有点太快了，请等十秒再试。",
  "error.slow-reader": "这台电脑跟不上，连接被断开了。请关掉一些程序，Earshot 会自己恢复。",
  "error.hub-full": "那边的人已经满了，请稍后再试。",
  "error.too-many-places": "您已经在好几个窗口里打开了它，请关掉一个再试。",
  "error.resume-unknown": "连接断开得太久了。现在已经恢复，请重新呼叫。",
  "error.not-allowed": "对方不允许这样做。可以问问对方，或换个办法。",
  "error.room-unknown": "那次通话已经结束，请重新呼叫。",
  "error.room-full": "通话人数已满，请让里面的人腾出位置。",
  "error.room-locked": "通话已上锁，请让主持人放您进来。",
  "error.room-removed": "主持人已将您移出这次通话；如有误会，请与对方联系。",
  "error.password-needed": "这次通话设有密码，请向里面的人询问。",
  "error.password-wrong": "密码不对，请重试，或向里面的人询问。",
  "error.room-busy": "等候进入这次通话的人太多，请稍后再试。",
  "error.not-host": "只有这次通话的主持人才能这样做。",
  "error.too-many-rooms": "那边同时进行的通话太多了。请先结束一个，或稍后再试。",
  "error.already-in-room": "您已经在这个通话里了，可能是在另一个窗口。",
  "error.not-in-room": "您已经不在这个通话里了，重新呼叫即可回来。",
  "error.participant-unknown": "对方刚刚离开了通话。",
  "error.person-unknown": "对方已经不在了，回来后会重新出现在列表里。",
  "error.ring-unknown": "对方已经挂断，您可以回拨。",
  "error.too-many-rings": "短时间内呼叫太多次了，请等一分钟再试。",
  "error.ring-self": "这是您自己，请选择别人。",
  "error.unreachable": "联系不上对方的电脑，它可能睡眠了。",
  "error.server-down": "服务器没有应答。本网络里的人仍然可以呼叫。",
  "error.link-lost": "与对方的连接断了，请稍后再试。",
  "error.description-unsigned":
    "收到的通话信息没有对方的签名，可能被中间的人改动过。没有人能窃听。请双方更新 Earshot 后再呼叫。",
  "error.description-forged":
    "有人在你们之间改动了内容，或冒充对方应答。没有人能窃听。请改在本地网络呼叫，或联系服务器的管理者。",
  "error.description-replayed":
    "有人在你们之间重发了旧的邀请。没有人能窃听。请重新呼叫；如果一直这样，请联系服务器的管理者。",
  "error.fingerprint-weak": "对方的程序提供的保护太弱，不足以私密通话。请对方更新浏览器或 Earshot。",
  "error.unverified-refused":
    "对方的浏览器不能证明身份，而您的设置拒绝这样的通话。对方可以换用新版浏览器，或安装 Earshot。",
  "error.verification-failed": "暗号没能比对成功。请挂断，重新呼叫后再比对一次。",
  "error.phrase-wrong": "对方的办公室口令与您的不同，或没有设置。双方需要在“设置”的“隐私”里填写相同的口令。",
  "error.device-unknown": "Earshot 已经不记得这台设备。",
  "error.name-invalid": "名字需要 1 到 64 个字符。",
  "error.url-invalid": "这不是服务器地址。正确的样子是 wss://calls.example.com。",
  "error.url-insecure": "这个地址不安全，必须以 wss:// 开头。",
  "error.certificate-invalid": "服务器的证书无法证明它就是您填写的那一台。请检查地址，或请管理员更新证书。",
  "error.setting-invalid": "Earshot 不能使用这个值，请改正。",
  "error.store-failed": "没能保存。请看看磁盘是否已满，然后再试。",
  "error.port-in-use": "这个端口正被别的程序使用。请换一个，或填 0 使用任意空闲端口。",
  "error.too-many-windows": "Earshot 已经开了很多窗口，请关掉一个再试。",
  "error.internal": "Earshot 内部出了问题。请重试；如果一直这样，请退出后重新启动。",

  "error.microphone-denied": "Earshot 没有使用麦克风的权限。请在浏览器或系统设置里允许，对方才能听见您。",
  "error.microphone-missing": "没有找到麦克风。您可以听；插上麦克风后对方才能听见您。",
  "error.microphone-busy": "麦克风正被别的程序使用。关掉那个程序，对方才能听见您。",
  "error.camera-denied": "Earshot 没有使用摄像头的权限。请在浏览器或系统设置里允许，对方才能看见您。",
  "error.camera-missing": "没有找到摄像头。您可以说话；插上摄像头后对方才能看见您。",
  "error.camera-busy": "摄像头正被别的程序使用。关掉那个程序，对方才能看见您。",
  "error.screen-denied": "屏幕没有共享。请选择要共享的内容，并在询问时允许。",
  "error.screen-no-portal":
    "屏幕没能共享。如果没有出现选择屏幕的窗口，请安装 xdg-desktop-portal、适合您桌面的那一部分（-gnome、-kde 或 -gtk）以及 PipeWire，然后重新登录。",
  "error.screen-missing": "这里没有可以共享的屏幕。",
  "error.not-connected":
    "接通之前，对方结束了通话：可能是对方挂断了，也可能是对方的 Earshot 无法确认是您。请重新呼叫，或用别的方式问问对方。",
  "error.call-lost": "线路断了，没能恢复。请检查网络后重新呼叫。",
  "error.webrtc-missing": "这个窗口不能通话，请在浏览器里打开 Earshot 来呼叫。",
  "error.browser-too-old": "这个浏览器太旧，不能通话。请更新，或使用新版 Chrome、Edge、Firefox 或 Safari。",
  "error.insecure-page": "浏览器只在受保护的网页上允许使用摄像头和麦克风。请用 https:// 打开本页。",
  "error.key-used": "这个链接已经用过了。请重新打开 Earshot 窗口来获取新链接。",
  "error.backend-lost": "Earshot 已停止运行。请重新启动它，再刷新本页。",

  "error-for.unreachable": "联系不上{name}的电脑，它可能睡眠了。",
  "error-for.person-unknown": "{name}已经不在了，回来后会重新出现在列表里。",
  "error-for.link-lost": "与{name}的连接断了，请稍后再试。",
  "error-for.not-connected":
    "接通之前，{name}结束了通话：可能是对方挂断了，也可能是对方的 Earshot 无法确认是您。请重新呼叫，或用别的方式问问对方。",
  "error-for.call-lost": "与{name}的线路断了，没能恢复。请检查网络后重新呼叫。",
  "error-for.description-unsigned":
    "收到的通话信息没有{name}的签名，可能被中间的人改动过。没有人能窃听。请双方更新 Earshot 后再呼叫。",
  "error-for.description-forged":
    "有人在您和{name}之间改动了内容，或冒充{name}应答。没有人能窃听。请改在本地网络呼叫，或联系服务器的管理者。",
  "error-for.description-replayed":
    "有人在您和{name}之间重发了旧的邀请。没有人能窃听。请重新呼叫；如果一直这样，请联系服务器的管理者。",
  "error-for.fingerprint-weak": "{name}的程序提供的保护太弱，不足以私密通话。请对方更新浏览器或 Earshot。",
  "error-for.unverified-refused":
    "{name}的浏览器不能证明身份，而您的设置拒绝这样的通话。对方可以换用新版浏览器，或安装 Earshot。",
  "error-for.wrong-device": "应答的不是{name}的电脑，通话已被拦下。等对方重新出现后再呼叫。",
};
