/** What each code says to a person: what happened, and what to do next. */
import type { AnyCode } from "../state/contract";

export const errors = {
  "error.malformed":
    "The two programs did not understand each other. Update Earshot on both computers, then try again.",
  "error.too-large": "That was too much at once. Make it shorter and try again.",
  "error.hello-expected":
    "The other program did not introduce itself. Update Earshot on both computers, then try again.",
  "error.hello-timeout": "The other side took too long to answer. Try again in a moment.",
  "error.version-unsupported": "The two versions of Earshot are too far apart. Update both, then try again.",
  "error.bad-signature":
    "The other side could not prove who it is, so nothing was sent. Try again; if it stays, ask whoever looks after your network.",
  "error.wrong-device":
    "Another computer answered in their place, so the call was stopped. Wait until they appear in the list again, then call.",
  "error.too-many-requests": "That was a little too fast. Wait ten seconds and try again.",
  "error.slow-reader":
    "This computer could not keep up and was disconnected. Close a few programs; Earshot comes back by itself.",
  "error.hub-full": "There is no room for more people there right now. Try again later.",
  "error.too-many-places": "You are already there in several windows. Close one of them and try again.",
  "error.resume-unknown": "The connection was away for too long. You are back now; start the call again.",
  "error.not-allowed": "They do not allow that. Ask them, or try something else.",
  "error.room-unknown": "That call is already over. Call them again.",
  "error.room-full": "The call is full. Ask somebody in it to make place.",
  "error.room-locked": "The call is locked. Ask its host to let you in.",
  "error.room-removed": "The host of this call has removed you. Ask them if that was a mistake.",
  "error.password-needed": "This call has a password. Ask somebody in it.",
  "error.password-wrong": "That is not the password of this call. Try again, or ask somebody in it.",
  "error.room-busy": "Too many people wait to come into this call. Try again in a while.",
  "error.not-host": "Only the host of this call can do that.",
  "error.too-many-rooms": "Too many calls are running there. End one of them, or try again later.",
  "error.already-in-room": "You are already in this call, maybe in another window.",
  "error.not-in-room": "You are no longer in this call. Call again to come back.",
  "error.participant-unknown": "They have just left the call.",
  "error.person-unknown": "They are no longer here. They reappear in the list when they are back.",
  "error.ring-unknown": "They stopped calling. You can call them back.",
  "error.too-many-rings": "You have called many times in a short while. Wait a minute and try again.",
  "error.ring-self": "That is you. Choose somebody else.",
  "error.unreachable": "Their computer cannot be reached. It may be asleep.",
  "error.server-down": "The server does not answer. People on this network can still be called.",
  "error.link-lost": "The connection to them was lost. Try again in a moment.",
  "error.description-unsigned":
    "What came for the call was not signed by them, so somebody in between may have changed it. Nobody could listen. Update Earshot on both computers, then call again.",
  "error.description-forged":
    "Somebody between you changed what was sent, or answered in their place. Nobody could listen. Call them on the local network, or ask whoever runs the server.",
  "error.description-replayed":
    "Somebody between you sent an old invitation again. Nobody could listen. Call again; if it stays, ask whoever runs the server.",
  "error.fingerprint-weak":
    "Their program offers a protection that is too weak for a private call. Ask them to update their browser or Earshot.",
  "error.unverified-refused":
    "Their browser cannot prove who they are, and your settings refuse such calls. They can use a newer browser or install Earshot.",
  "error.verification-failed": "The codes could not be compared. Hang up, call again and compare once more.",
  "error.phrase-wrong":
    "They have another office phrase than you, or none. Both need the same one in the settings, under Privacy.",
  "error.device-unknown": "This device is no longer remembered.",
  "error.name-invalid": "Please give a name of 1 to 64 characters.",
  "error.url-invalid": "This is not a server address. It looks like wss://calls.example.com.",
  "error.url-insecure": "This address is not protected. It must begin with wss://.",
  "error.certificate-invalid":
    "This server’s certificate does not prove that it is the one you named. Ask whoever runs it to renew the certificate, or check the address.",
  "error.setting-invalid": "Earshot cannot use this value. Please correct it.",
  "error.store-failed": "It could not be saved. Look whether the disk is full, then try again.",
  "error.port-in-use": "Another program uses this port. Choose another one, or 0 for any free port.",
  "error.too-many-windows": "Earshot is open in many windows already. Close one and try again.",
  "error.file-unknown": "This file is no longer being received. Ask for it to be sent once more.",
  "error.file-changed": "What arrived is not the file that was offered. Ask for it to be sent once more.",
  "error.too-many-files": "Too many files at once. Wait until some have arrived.",
  "error.disk-full":
    "There is not enough room on this computer for that file. Make some room, then try again.",
  "error.folder-unusable":
    "Files cannot be kept in your downloads folder. Look whether it is there and can be written to.",
  "error.internal": "Something went wrong inside Earshot. Try again; if it stays, quit and start it anew.",

  "error.microphone-denied":
    "Earshot may not use the microphone. Allow it in the settings of your browser or system to be heard.",
  "error.microphone-missing": "No microphone was found. You can listen; plug one in to be heard.",
  "error.microphone-busy": "Another program uses the microphone. Close that program to be heard.",
  "error.camera-denied":
    "Earshot may not use the camera. Allow it in the settings of your browser or system to be seen.",
  "error.camera-missing": "No camera was found. You can talk; plug one in to be seen.",
  "error.camera-busy": "Another program uses the camera. Close that program to be seen.",
  "error.screen-denied": "The screen was not shared. Choose what to share and allow it when you are asked.",
  "error.screen-no-portal":
    "The screen could not be shared. If you were not asked which one: install xdg-desktop-portal, the part of it for your desktop (-gnome, -kde or -gtk) and PipeWire, then log in again.",
  "error.screen-missing": "There is no screen that could be shared from here.",
  "error.not-connected":
    "They ended the call before it was connected. They hung up, or their Earshot could not make sure that it is you. Call again, or ask them another way.",
  "error.call-lost": "The line broke and did not come back. Look at your network, then call again.",
  "error.webrtc-missing": "Calls do not work in this window. Open Earshot in your browser to call.",
  "error.browser-too-old":
    "This browser is too old for calls. Update it, or use a current Chrome, Edge, Firefox or Safari.",
  "error.insecure-page":
    "Browsers allow camera and microphone only on protected pages. Open this page with https:// instead.",
  "error.key-used": "This link has been used already. Open Earshot’s window again to get a new one.",
  "error.backend-lost": "Earshot is not running any more. Start it again, then reload this page.",

  "error-for.unreachable": "{name}’s computer cannot be reached. It may be asleep.",
  "error-for.person-unknown": "{name} is no longer here. They reappear in the list when they are back.",
  "error-for.link-lost": "The connection to {name} was lost. Try again in a moment.",
  "error-for.not-connected":
    "{name} ended the call before it was connected. They hung up, or their Earshot could not make sure that it is you. Call again, or ask them another way.",
  "error-for.call-lost":
    "The line to {name} broke and did not come back. Look at your network, then call again.",
  "error-for.description-unsigned":
    "What came for the call was not signed by {name}, so somebody in between may have changed it. Nobody could listen. Update Earshot on both computers, then call again.",
  "error-for.description-forged":
    "Somebody between you and {name} changed what was sent, or answered in {name}’s place. Nobody could listen. Call {name} on the local network, or ask whoever runs the server.",
  "error-for.description-replayed":
    "Somebody between you and {name} sent an old invitation again. Nobody could listen. Call again; if it stays, ask whoever runs the server.",
  "error-for.fingerprint-weak":
    "{name}’s program offers a protection that is too weak for a private call. Ask them to update their browser or Earshot.",
  "error-for.unverified-refused":
    "{name}’s browser cannot prove who they are, and your settings refuse such calls. They can use a newer browser or install Earshot.",
  "error-for.wrong-device":
    "Another computer answered in {name}’s place, so the call was stopped. Wait until they appear again, then call.",
} as const satisfies Record<`error.${AnyCode}`, string> & Partial<Record<`error-for.${AnyCode}`, string>>;
