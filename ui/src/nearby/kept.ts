/** What this browser remembers of somebody: their place, and in this tab the messages and the draft. */
import { isLatitude, isLongitude } from "../map/places";
import { forget, keep, kept } from "../wire/kept";
import type { Message, Source, Spot } from "./state";

const SOURCES: readonly string[] = ["browser", "hand", "map"] satisfies Source[];
const FEWER_MESSAGES = 50;

export class Kept {
  private readonly spotKey: string;
  private readonly messagesKey: string;
  private readonly draftKey: string;

  constructor(user: string) {
    this.spotKey = `nearby/place/${user}`;
    this.messagesKey = `quad/1/nearby/messages/${user}`;
    this.draftKey = `quad/1/nearby/draft/${user}`;
  }

  get spot(): Spot | undefined {
    return kept(this.spotKey, asSpot);
  }

  keepSpot(spot: Spot): void {
    keep(this.spotKey, spot);
  }

  forgetSpot(): void {
    forget(this.spotKey);
  }

  get messages(): Message[] {
    const messages = parsed(stored(this.messagesKey) ?? "[]");
    return Array.isArray(messages) ? messages.filter(isMessage) : [];
  }

  keepMessages(messages: readonly Message[]): void {
    // A tab has room for some millions of letters: a few long messages must not cost the rest.
    if (!store(this.messagesKey, JSON.stringify(messages))) {
      store(this.messagesKey, JSON.stringify(messages.slice(-FEWER_MESSAGES)));
    }
  }

  get draft(): string {
    return stored(this.draftKey) ?? "";
  }

  keepDraft(text: string): void {
    store(this.draftKey, text);
  }

  /** Somebody logs out: the next one at this browser must not see it. */
  forget(): void {
    this.forgetSpot();
    store(this.messagesKey, "[]");
    store(this.draftKey, "");
  }
}

function asSpot(value: unknown): Spot | undefined {
  const { latitude, longitude, source, accuracy } = value as Spot;
  const isOne = isLatitude(latitude) && isLongitude(longitude) && SOURCES.includes(source);
  return isOne ? { latitude, longitude, source, accuracy } : undefined;
}

function isMessage(value: unknown): value is Message {
  const { number, text, at } = (value ?? {}) as Partial<Message>;
  return typeof number === "number" && typeof text === "string" && typeof at === "number";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // somebody else has written there
  }
}

function stored(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null; // storage is switched off: then nothing is kept
  }
}

function store(key: string, text: string): boolean {
  try {
    sessionStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}
