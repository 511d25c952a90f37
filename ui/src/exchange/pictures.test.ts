import { expect, it } from "vitest";
import type { Refusal } from "../wire/teacher";
import { holdsPictures, withPicturesKept } from "./pictures";

const ONE = "data:image/png;base64,AAAA";
const OTHER = "data:image/gif;base64,BBBB";
const HTML = `<p><img src="${ONE}" alt="1"><img src="${OTHER}"><img src="${ONE}"></p>`;

const refusal = (code: string): Refusal => ({
  isDone: false,
  code,
  message: "",
  retryAfterS: undefined,
});

it("each picture within a page goes to the server once, and the page has its address", async () => {
  const taken: string[] = [];
  const kept = await withPicturesKept(HTML, (picture) => {
    taken.push(picture.type);
    return Promise.resolve(`/p/${String(taken.length)}`);
  });
  expect(taken).toEqual(["image/png", "image/gif"]);
  expect(kept).toBe('<p><img src="/p/1" alt="1"><img src="/p/2"><img src="/p/1"></p>');
  expect([holdsPictures(HTML), holdsPictures(kept)]).toEqual([true, false]);
});

it("a picture that the server does not take stays in the page", async () => {
  const kept = await withPicturesKept(HTML, ({ type }) =>
    Promise.resolve(type === "image/png" ? refusal("no_picture") : "/p/1"),
  );
  expect(kept).toBe(HTML.replace(OTHER, "/p/1"));
});

it.each(["offline", "quota_reached", "too_large"])(
  "after %s no other picture is tried, and all stay",
  async (code) => {
    let tries = 0;
    const kept = await withPicturesKept(HTML, () => {
      tries += 1;
      return Promise.resolve(refusal(code));
    });
    expect([kept, tries]).toEqual([HTML, 1]);
  },
);
