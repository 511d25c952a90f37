/** Which chat is open, by the address's hash: "#team", or "#team/members" on a telephone. */
export interface Route {
  chat: string | null;
  areMembersShown: boolean;
}

export function routeOf(hash: string): Route {
  const [chat = "", rest] = hash.replace(/^#/, "").split("/");
  return { chat: decoded(chat) || null, areMembersShown: rest === "members" };
}

export function hashOf(chat: string | null, areMembersShown = false): string {
  return chat === null ? "#" : `#${encodeURIComponent(chat)}${areMembersShown ? "/members" : ""}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody wrote it by hand
  }
}
