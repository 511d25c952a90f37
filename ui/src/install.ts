/**
 * What brings `quad share` to a computer, once. From the file that `make dist` builds and the server's
 * operator hands out: a name in an index could be anybody's.
 */
export const INSTALL = "pipx install ./quad_server-*.whl";
