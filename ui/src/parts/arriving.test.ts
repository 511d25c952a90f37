import { expect, test } from "vitest";
import { arriving } from "./arriving";

const noPause = (): Promise<void> => Promise.resolve();

test("a part that cannot be had now is asked for again", async () => {
  let asked = 0;
  const load = (): Promise<string> => {
    asked += 1;
    return asked < 3 ? Promise.reject(new Error("no network")) : Promise.resolve("editor");
  };
  expect(await arriving(load, () => true, noPause)).toBe("editor");
  expect(asked).toBe(3);
});

test("what nobody wants any more is not asked for, and does not come", async () => {
  let isWanted = true;
  const failing = (): Promise<string> => {
    isWanted = false;
    return Promise.reject(new Error("no network"));
  };
  expect(await arriving(failing, () => isWanted, noPause)).toBeUndefined();
  isWanted = true;
  const late = (): Promise<string> => {
    isWanted = false;
    return Promise.resolve("editor");
  };
  expect(await arriving(late, () => isWanted, noPause)).toBeUndefined();
});
