/** The loopback page's way to its node for received files: a request each, so that an answer is what holds the next. */
import { ERROR_CODES, type FileReply } from "../gen/protocol";
import { FileError } from "../call/files/store";
import { pageKey } from "./page-key";
import type { FilesDoor } from "./node-files";

async function post(path: string, body: BodyInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { method: "POST", body, headers: { "X-Earshot-Page-Key": pageKey() } });
  } catch {
    throw new FileError("link-lost");
  }
  if (answer.ok) return answer;
  const told: unknown = await answer.json().catch(() => null);
  throw new FileError(ERROR_CODES.find((code) => code === told) ?? "internal");
}

export const loopbackFiles: FilesDoor = {
  request: async (request) =>
    (await (await post("./ui/files/request", JSON.stringify(request))).json()) as FileReply,
  async block(frame) {
    await post("./ui/files/block", frame);
  },
};
