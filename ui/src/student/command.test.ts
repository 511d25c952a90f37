import { expect, it } from "vitest";
import { shareCommand } from "./command";

it.each([
  ["Anna", '"Anna"'],
  ["Анна Иванова", '"Анна Иванова"'],
  ['a"; rm -rf $HOME `x`', '"a\\"; rm -rf \\$HOME \\`x\\`"'],
])("a command for %s can be copied into a shell", (name, word) => {
  expect(shareCommand(123456, name, "http://class.example:8000")).toBe(
    `quad share . --room 123456 --name ${word} --server http://class.example:8000`,
  );
});
