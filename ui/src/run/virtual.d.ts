/** Made by the build (`engine.ts` beside `vite.config.ts`). */
declare module "virtual:engine" {
  /** Below `/app/`, with a slash at its end. */
  export const folder: string;
  /** Bytes of each file in it, unpacked. */
  export const sizes: Readonly<Record<string, number>>;
}
