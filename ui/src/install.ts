/** What brings `quad share` to a computer, once. */
export const INSTALL = "pipx install quad-server";
