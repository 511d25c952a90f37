import { expect, it } from "vitest";
import { installCommand } from "./install";

it("students install from the server of their class", () => {
  const wheel = "quad_server-0.1.0-py3-none-any.whl";
  expect(installCommand("http://192.168.1.20:8000", wheel)).toBe(
    "pipx install http://192.168.1.20:8000/install/quad_server-0.1.0-py3-none-any.whl",
  );
});

it.each([null, undefined])("without a wheel (%s) there is nothing to install", (wheel) => {
  expect(installCommand("http://192.168.1.20:8000", wheel)).toBeUndefined();
});
