/** What a worker has and a page has not. */
declare function importScripts(...addresses: string[]): void;

/** What is used of Pyodide; the package has more. */
declare module "pyodide" {
  export interface Callable {
    (...values: unknown[]): unknown;
    /** The same, and Python may wait inside for what JavaScript promises. */
    callPromising(...values: unknown[]): Promise<unknown>;
  }

  export interface Python {
    FS: { writeFile(path: string, content: string): void };
    registerJsModule(name: string, module: object): void;
    setStdout(sink: { write: (bytes: Uint8Array) => number; isatty: boolean }): void;
    setStderr(sink: { write: (bytes: Uint8Array) => number; isatty: boolean }): void;
    pyimport(name: string): Record<string, Callable>;
    runPython(code: string): unknown;
  }

  export function loadPyodide(options: {
    indexURL: string;
    lockFileContents: object;
    env: Record<string, string>;
    checkAPIVersion: boolean;
  }): Promise<Python>;
  export const version: string;
}

declare module "*.py?raw" {
  const text: string;
  export default text;
}
