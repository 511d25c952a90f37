/** Who uses this browser: a name, a phone, and the key that the phone is let in with. */
import { forget, keep, kept } from "../wire/kept";
import type { Phone } from "./model";

export interface Identity {
  name: string;
  phone: Phone;
  token: string;
  /** Whether the server has let this identity in before. */
  wasIn: boolean;
}

export const ME = "chat/me";
const TOKEN_BYTES = 24;
const NAME_LIMIT = 100;

/** The one spelling of a phone number, or undefined if this is none. */
export function phoneOf(text: string): Phone | undefined {
  const plain = text.replace(/[\s\p{Zs}\p{Pd}()./[\]]/gu, "");
  return /^\+?[0-9]{3,15}$/.test(plain) ? plain : undefined;
}

/**
 * A name of a person or a chat that the server may take, or undefined. It takes invisible characters
 * out by itself, and refuses what pretends.
 */
export function nameOf(text: string): string | undefined {
  const name = text.trim().normalize("NFC");
  const isText = !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(name);
  // The server counts characters, not the halves of which some of them are made.
  return name !== "" && [...name].length <= NAME_LIMIT && isText ? name : undefined;
}

/** A new key to a phone number, of 192 random bits. */
export function newToken(): string {
  return randomText(TOKEN_BYTES);
}

/**
 * Random bytes in the url-safe alphabet. Not `randomUUID`, which pages without https do not have.
 */
export function randomText(count: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_");
}

export function keptIdentity(): Identity | undefined {
  return kept(ME, (value) => (isIdentity(value) ? value : undefined));
}

/** False if the browser will have forgotten it when the page is closed. */
export function keepIdentity(identity: Identity): boolean {
  return keep(ME, identity);
}

export function forgetIdentity(): void {
  forget(ME);
}

function isIdentity(value: unknown): value is Identity {
  const { name, phone, token, wasIn } = (value ?? {}) as Record<string, unknown>;
  return (
    [name, phone, token].every((part) => typeof part === "string") && typeof wasIn === "boolean"
  );
}
