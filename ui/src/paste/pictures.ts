/** Pictures from files and the clipboard as addresses that hold them, so that no internet is needed. */

/** All tasks of a class have 900 kB: a picture may not have them alone. */
export const PICTURE_LIMIT_BYTES = 150_000;
const KEPT_TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const WIDTHS = [1600, 1200, 900, 640, 480, 320];
const QUALITIES = [0.9, 0.75, 0.6];

/** The address of a picture, made smaller if it has to be; undefined for what is none. */
export async function pictureAddress(file: Blob): Promise<string | undefined> {
  if (KEPT_TYPES.has(file.type) && file.size <= PICTURE_LIMIT_BYTES) {
    return dataAddress(file);
  }
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  if (bitmap === undefined) {
    return undefined;
  }
  const smaller = await shrunk(bitmap);
  bitmap.close();
  return smaller && dataAddress(smaller);
}

/** What a `data:` address holds. */
export function blobOf(address: string): Blob | undefined {
  const [, type, data] = /^data:(image\/[\w.+-]+);base64,(.*)$/is.exec(address) ?? [];
  if (type === undefined || data === undefined) {
    return undefined;
  }
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  return new Blob([bytes], { type });
}

export function isTooLarge(address: string): boolean {
  return /^data:/i.test(address) && address.length * 0.75 > PICTURE_LIMIT_BYTES * 1.01;
}

/** The largest that fits, by trial; some browsers write no WebP and give PNG instead. */
async function shrunk(bitmap: ImageBitmap): Promise<Blob | undefined> {
  for (const width of WIDTHS.filter(
    (each, at) => at === WIDTHS.length - 1 || each < bitmap.width * 1.5,
  )) {
    for (const quality of QUALITIES) {
      for (const type of ["image/webp", "image/jpeg"]) {
        const blob = await drawn(bitmap, Math.min(width, bitmap.width), type, quality);
        if (blob !== null && blob.size <= PICTURE_LIMIT_BYTES) {
          return blob;
        }
      }
    }
  }
  return undefined;
}

function drawn(
  bitmap: ImageBitmap,
  width: number,
  type: string,
  quality: number,
): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = Math.max(1, Math.round((bitmap.height * width) / bitmap.width));
  const context = canvas.getContext("2d");
  if (context !== null && type === "image/jpeg") {
    // It knows no transparency: that would be black.
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, type, quality));
}

export function dataAddress(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new Error("unreadable file"));
    reader.readAsDataURL(blob);
  });
}
