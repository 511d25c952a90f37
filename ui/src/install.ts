/**
 * What brings `quad share` to a computer, once: the class's server offers itself (`quad/web/install.py`),
 * so nobody has to find out which of the packages of that name is this one.
 *
 * Undefined if the server has no wheel to offer.
 */
export function installCommand(server: string, wheel: unknown): string | undefined {
  return typeof wheel === "string" ? `pipx install ${server}/install/${wheel}` : undefined;
}
