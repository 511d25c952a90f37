/** Passes to another device: in links they stand in the fragment, which no server is told. */

export function linkWith(address: string, pass: string): string {
  return `${address}#pass=${pass}`;
}

export function passIn(fragment: string): string | undefined {
  return /^#pass=([A-Za-z0-9]{8})$/.exec(fragment)?.[1];
}

/** As it is read out: in two halves. */
export function spaced(pass: string): string {
  return `${pass.slice(0, 4)} ${pass.slice(4)}`;
}
