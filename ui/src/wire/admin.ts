/** The administrator's routes: what is declined, or cannot be reached, is a value and not thrown. */
import { path } from "../page";
import type { RestRoutes } from "./generated";
import { Patience } from "./patience";
import { watchWaking } from "./waking";

export type Route = keyof RestRoutes;
export type Answered<R extends Route> = RestRoutes[R]["answer"];

type Query<R extends Route> = RestRoutes[R] extends { query: infer Q } ? Q : never;

export interface Asking<R extends Route> {
  /** What stands in the path's braces. */
  of?: Record<string, string>;
  query?: Query<R>;
  body?: RestRoutes[R]["body"];
}

export interface Done<T> {
  isDone: true;
  value: T;
}

/** `code` is the server's, or "unreachable" with the status 0. */
export interface Declined {
  isDone: false;
  status: number;
  code: string;
  detail: string;
  retryAfterS: number;
}

export type Answer<T> = Done<T> | Declined;

// A server that is there answers in milliseconds, and commits in at most some seconds.
const ANSWER_WITHIN_MS = 12_000;
const patience = new Patience(ANSWER_WITHIN_MS);
const UNREACHABLE: Declined = {
  isDone: false,
  status: 0,
  code: "unreachable",
  detail: "",
  retryAfterS: 0,
};

if (typeof document !== "undefined") {
  watchWaking(() => patience.woke());
}

export async function ask<R extends Route>(
  route: R,
  asking: Asking<R> = {},
): Promise<Answer<Answered<R>>> {
  const { method, address } = addressOf(route, asking.of ?? {}, asking.query ?? {});
  const body = asking.body === undefined ? {} : withJson(asking.body);
  const send = async (signal: AbortSignal): Promise<Answer<Answered<R>>> => {
    const init: RequestInit = { method, credentials: "same-origin", cache: "no-store", signal };
    return answerOf<Answered<R>>(await fetch(path(address), { ...init, ...body }));
  };
  try {
    // What changes something may have been done: it is waited for as long as a slow server needs.
    const isQuestion = method === "GET";
    return await (isQuestion ? patience.during(send) : send(AbortSignal.timeout(ANSWER_WITHIN_MS)));
  } catch {
    return UNREACHABLE;
  }
}

/** Route and values as a request's method and address. */
export function addressOf(
  route: Route,
  of: Record<string, string>,
  query: Record<string, unknown>,
): { method: string; address: string } {
  const [method = "GET", pattern = "/"] = route.split(" ");
  const place = pattern.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(of[name] ?? ""),
  );
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(asked.map(([key, value]) => [key, String(value)])).toString();
  return { method, address: search ? `${place}?${search}` : place };
}

/** Throws for what is no answer of this server, such as a page of a proxy. */
export async function answerOf<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text();
  if (response.ok) {
    return { isDone: true, value: (text ? JSON.parse(text) : undefined) as T };
  }
  const said = refusalIn(text);
  const retryAfterS = Number(response.headers.get("Retry-After") ?? 0);
  return {
    isDone: false,
    status: response.status,
    code: said.code ?? "other",
    detail: said.detail ?? response.statusText,
    retryAfterS: Number.isFinite(retryAfterS) ? Math.max(0, Math.ceil(retryAfterS)) : 0,
  };
}

function refusalIn(text: string): { code?: string; detail?: string } {
  try {
    const value: unknown = JSON.parse(text);
    const { code, detail } = Object(value) as { code?: unknown; detail?: unknown };
    return {
      ...(typeof code === "string" ? { code } : {}),
      ...(typeof detail === "string" ? { detail } : {}),
    };
  } catch {
    return {};
  }
}

function withJson(value: unknown): RequestInit {
  return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}
