/** The command that shares a folder from any editor. */
export function shareCommand(room: number, name: string, server: string): string {
  return `quad share . --room ${room} --name ${quoted(name)} --server ${server}`;
}

/** As one word for shells of every system, as far as there is such a thing: in double quotes. */
function quoted(text: string): string {
  return `"${text.replace(/["\\$`]/g, "\\$&")}"`;
}

/** What `quad share` asks for to be this student, and no second one; it proves who they are. */
export function handoverCode(me: { id: number; token: string }): string | undefined {
  return me.token === "" ? undefined : `${me.id}-${me.token}`;
}
