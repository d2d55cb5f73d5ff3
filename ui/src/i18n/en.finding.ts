/** How meetings are found: the list, codes, links; and how others are told the way to one. */
export const finding = {
  "finding.title": "Meetings",
  "finding.of": "{name}’s meeting",
  "finding.yours": "Your meeting",
  "finding.people": { one: "{count} person", other: "{count} people" },
  "finding.with": { one: "{name} · {count} person", other: "{name} · {count} people" },
  "finding.full": "full",
  "finding.knock": "knock first",
  "finding.password": "password",
  "finding.join": "Join",
  "finding.join-which": "Join: {title}",
  "finding.label": "{title}. {details}",
  "finding.by-code": "Join with a code or link",
  "finding.field": "Code or link of a meeting",
  "finding.hint": "Nine digits, such as 481 204 937, or a link",
  "finding.find": "Find",
  "finding.looking": "Asking everybody within reach…",
  "finding.several": "More than one meeting has this code. Which is yours?",
  "finding.no-lead":
    "This is neither a code of nine digits nor a link to a meeting. Check it with whoever gave it to you.",
  "finding.code-unknown":
    "Nobody within reach knows this code. The meeting may be over, or on another network: ask for its link.",
  "finding.too-fast": "That was a lot of codes. Wait ten seconds, then try again.",
  "finding.other-server":
    "That meeting is on {server}. Open its link in a browser, or enter that server in the settings.",
  "finding.needs-app":
    "That meeting is on somebody’s own network, which this page does not reach. Open the link in Earshot, installed on that network.",
  "finding.where": "Where",
  "finding.where-here": "On this network",
  "finding.offered": "Look at this meeting?",
  "finding.offered-why":
    "A link wants to lead you to a meeting on a computer that you do not know: {address}. If you go on, that computer learns that you are here. You are not in the meeting yet.",
  "finding.offered-network": "somewhere on this network",
  "finding.offered-go": "Look at it",
  "finding.offered-not": "Not now",

  "howto.title": "How others come here",
  "howto.code": "Say this code",
  "howto.code-hint": "They enter it in Earshot under “Join with a code or link”.",
  "howto.copy-code": "Copy the code",
  "howto.link": "Or send this link",
  "howto.link-web": "It opens in any browser.",
  "howto.link-app": "It opens in Earshot, on a computer that reaches yours.",
  "howto.copy-link": "Copy the link",
  "howto.show-qr": "Show as a QR code",
  "howto.hide-qr": "Hide the QR code",
  "howto.qr": "The link as a QR code",
} as const;
