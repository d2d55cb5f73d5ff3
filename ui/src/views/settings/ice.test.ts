import { expect, it } from "vitest";
import { fromDraft, portProblem, toDraft } from "./ice";

it("keeps a server as it is through an edit", () => {
  const server = {
    urls: ["turn:a.example:3478", "turns:a.example"],
    username: "ann",
    credential: " spaces count ",
  };
  expect(fromDraft(toDraft(server))).toEqual(server);
});

it("leaves out empty lines and empty fields", () => {
  expect(fromDraft({ id: 1, urls: "\n stun:a.example \n\n", username: "  ", credential: "" })).toEqual({
    urls: ["stun:a.example"],
  });
});

it.each(["0", "80", "65535"])("%s is a port", (text) => expect(portProblem(text)).toBe(false));
it.each(["", "65536", "-1", "1.5", "http", "123456"])("'%s' is no port", (text) =>
  expect(portProblem(text)).toBe(true),
);
