import { describe, expect, it } from "vitest";
import { addressOf, answerOf } from "./admin";

describe("an address", () => {
  it("holds the values of its route, escaped", () => {
    const of = { building_id: "a/b c" };
    expect(addressOf("GET /API/admin/logs/show/building/{building_id}", of, {})).toEqual({
      method: "GET",
      address: "/API/admin/logs/show/building/a%2Fb%20c",
    });
  });

  it("leaves out what is not asked for", () => {
    const query = { search: "", is_online: true, building: undefined, offset: 50 };
    expect(addressOf("GET /API/admin/users/find", {}, query).address).toBe(
      "/API/admin/users/find?is_online=true&offset=50",
    );
  });
});

describe("an answer", () => {
  it("is what the server says", async () => {
    expect(await answerOf(new Response("[1]"))).toEqual({ isDone: true, value: [1] });
  });

  it("may be empty", async () => {
    const response = new Response(null, { status: 204 });
    expect(await answerOf(response)).toEqual({ isDone: true, value: undefined });
  });

  it("that declines says why, and when to come back", async () => {
    const response = new Response('{"detail": "slowly", "code": "rate_limited"}', {
      status: 429,
      headers: { "Retry-After": "7.2" },
    });
    expect(await answerOf(response)).toEqual({
      isDone: false,
      status: 429,
      code: "rate_limited",
      detail: "slowly",
      retryAfterS: 8,
    });
  });

  it("that a proxy gives in the server's place is declined, too", async () => {
    const response = new Response("<h1>Bad gateway", { status: 502, statusText: "Bad Gateway" });
    expect(await answerOf(response)).toMatchObject({
      status: 502,
      code: "other",
      detail: "Bad Gateway",
    });
  });

  it("that is a page of a proxy is none", async () => {
    await expect(answerOf(new Response("<h1>Welcome"))).rejects.toThrow();
  });
});
