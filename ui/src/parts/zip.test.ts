import { expect, it } from "vitest";
import { crc32, zip } from "./zip";

it("the checksum is the one that archives use", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
});

it("an archive holds each file, and at its end where they are", () => {
  const bytes = zip([
    { filename: "a.py", content: "print(1)\n" },
    { filename: "папка/b.txt", content: "да" },
  ]);
  const text = new TextDecoder("utf-8").decode(bytes);
  expect(text).toContain("print(1)\n");
  expect(text).toContain("папка/b.txtда");
  const end = new DataView(bytes.buffer, bytes.length - 22);
  expect(end.getUint32(0, true)).toBe(0x06054b50);
  expect(end.getUint16(10, true)).toBe(2);
  const directory = new DataView(bytes.buffer, end.getUint32(16, true));
  expect(directory.getUint32(0, true)).toBe(0x02014b50);
});
