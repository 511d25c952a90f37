import { describe, expect, it } from "vitest";
import { asAddress, commandFor, isLocal, linkTo, networkAddress } from "./invitation";

describe("the address that students use", () => {
  it.each([
    ["http://localhost:8000", true],
    ["http://127.0.0.1:8000", true],
    ["http://[::1]:8000", true],
    ["http://192.168.1.5:8000", false],
    ["https://campus.example/quad", false],
  ])("%s is this machine only: %s", (address, expected) => {
    expect(isLocal(address)).toBe(expected);
  });

  it.each([
    ["192.168.1.5:8000", "http://192.168.1.5:8000"],
    [" https://campus.example/quad/ ", "https://campus.example/quad"],
    ["laptop", "http://laptop"],
    ["", undefined],
    ["http://", undefined],
    ["ftp://x", undefined],
    ["a b", undefined],
  ])("typed as %j is %j", (text, expected) => {
    expect(asAddress(text)).toBe(expected);
  });

  it("leads into the class", () => {
    expect(linkTo("http://laptop", 123456)).toBe("http://laptop/classroom/123456");
    expect(commandFor("http://laptop", 123456)).toContain("--room 123456");
  });

  it.each([
    ["http://localhost:8000", "192.168.1.20", "http://192.168.1.20:8000"],
    ["http://127.0.0.1:8000/quad", "192.168.1.20", "http://192.168.1.20:8000/quad"],
    ["http://localhost:8000", "[fd00::20]", "http://[fd00::20]:8000"],
    ["http://localhost:8000", null, "http://localhost:8000"],
    ["https://campus.example", "10.0.0.5", "https://campus.example"],
  ])("begins for %s on the host %s with %s", (own, host, expected) => {
    expect(networkAddress(own, host)).toBe(expected);
  });
});
