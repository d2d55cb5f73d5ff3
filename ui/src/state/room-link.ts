/**
 * What leads to a room from elsewhere: a code that was spoken, an `earshot:` link, a server's web address with the room
 * in its fragment. Pure. Whatever comes in may be anybody's: each part is checked, and what does not fit is no link.
 */
import { LIMITS, type DeviceId, type RoomId, type RoomRef } from "../gen/protocol";

/** Addresses in a link: more would only make it long; the device is looked for on the network as well. */
const MAX_IN_LINK = 4;

export type Lead =
  | { type: "code"; code: string }
  | { type: "room"; room: RoomRef }
  /** On the server at this origin (`https://host`, with a port where it is not the usual one). */
  | { type: "web"; origin: string; room: RoomId };

/** A room's id: 16 bytes in base32. */
const ROOM = /^[a-z2-7]{25}[aeimquy4]$/;
/** A device's id: 32 bytes in base32. */
const DEVICE = /^[a-z2-7]{51}[aq]$/;
/** `ip:port` or `[ip]:port`; no names, so that no link makes anybody look one up. */
const SOCKET = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]{2,45}\]):[1-9]\d{0,4}$/;

/** The link that Earshot opens, wherever the room is. */
export function linkOf({ hub, room }: RoomRef): string {
  const fields = hub.addresses.filter(isAddress).slice(0, MAX_IN_LINK);
  const at = fields.map((address) => `&at=${encodeURIComponent(address)}`);
  return `earshot:room?id=${room}&hub=${hub.device}${at.join("")}`;
}

/** The address that every browser opens, of a room on a server. @param page the server's page, `https://host/` */
export function webLinkOf(page: string, room: RoomId): string {
  return `${page}#room=${room}`;
}

/** Nine digits in three groups. */
export function grouped(code: string): string {
  return code.replace(/^(\d{3})(\d{3})(\d{3})$/, "$1 $2 $3");
}

/** Null: it leads nowhere. */
export function leadOf(text: string): Lead | null {
  const trimmed = text.trim();
  if (trimmed.length > LIMITS.MAX_LINK_CHARS) return null;
  return asCode(trimmed) ?? asLink(trimmed) ?? asWeb(trimmed);
}

/** The room in the fragment of a server's own page; null where there is none. */
export function roomOfFragment(hash: string): RoomId | null {
  const room = /^#room=([a-z2-7]{26})$/.exec(hash)?.[1] ?? "";
  return ROOM.test(room) ? room : null;
}

/** Digits of any script, as people type them, with what they put between. */
function asCode(text: string): Lead | null {
  const code = text.normalize("NFKC").replace(/[\s\-–.·,]/gu, "");
  return /^\d{9}$/.test(code) ? { type: "code", code } : null;
}

function asLink(text: string): Lead | null {
  // Some programs put slashes behind a scheme.
  const query = /^earshot:(?:\/\/)?room\/?\?(.+)$/is.exec(text)?.[1];
  if (query === undefined) return null;
  let room = "";
  let device: DeviceId = "";
  const addresses: string[] = [];
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === "id" && room === "") room = value;
    else if (name === "hub" && device === "") device = value;
    else if (name === "at" && addresses.length < LIMITS.MAX_ADDRESSES && isAddress(value))
      addresses.push(value);
    else return null;
  }
  if (!ROOM.test(room) || !DEVICE.test(device)) return null;
  return { type: "room", room: { hub: { device, addresses }, room } };
}

function asWeb(text: string): Lead | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  const local = ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) return null;
  const room = roomOfFragment(url.hash);
  if (room === null || url.username !== "" || url.password !== "") return null;
  return { type: "web", origin: url.origin, room };
}

function isAddress(address: string): boolean {
  if (address.length > LIMITS.MAX_ADDRESS_BYTES) return false;
  return SOCKET.test(address) || /^wss:\/\/[a-z0-9.:[\]-]+(?:\/[\w./-]*)?$/i.test(address);
}

const LABEL = new TextEncoder().encode("earshot room code\0");
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** The code that can be spoken, made of the room's id; "" for what is no id. */
export async function codeOfRoom(room: RoomId): Promise<string> {
  if (!ROOM.test(room)) return "";
  const bytes = new Uint8Array(16);
  for (let bit = 0; bit < 128; bit++) {
    const set = (ALPHABET.indexOf(room.charAt(Math.floor(bit / 5))) >> (4 - (bit % 5))) & 1;
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (set << (7 - (bit & 7)));
  }
  const hash = await crypto.subtle.digest("SHA-256", new Uint8Array([...LABEL, ...bytes]));
  const code = new DataView(hash).getBigUint64(0) % 1_000_000_000n;
  return code.toString().padStart(9, "0");
}
