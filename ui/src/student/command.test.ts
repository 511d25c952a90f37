import { expect, it } from "vitest";
import { handoverCode, shareCommand } from "./command";

it.each([
  ["Anna", '"Anna"'],
  ["Анна Иванова", '"Анна Иванова"'],
  ['a"; rm -rf $HOME `x`', '"a\\"; rm -rf \\$HOME \\`x\\`"'],
])("a command for %s can be copied into a shell", (name, word) => {
  expect(shareCommand(123456, name, "http://class.example:8000")).toBe(
    `quad share . --room 123456 --name ${word} --server http://class.example:8000`,
  );
});

it("who has a token can hand their place over", () => {
  expect(handoverCode({ id: 7, token: "s-3_cret" })).toBe("7-s-3_cret");
  expect(handoverCode({ id: 7, token: "" })).toBeUndefined();
});
