/** Pictures of tasks: at the server where it takes them, within the HTML wherever it does not. */
import { blobOf, dataAddress } from "../paste/pictures";
import { isRefusal } from "./asking";
import type { Refusal } from "../wire/teacher";

/** Takes a picture and gives its address. */
export type Keep = (picture: Blob) => Promise<string | Refusal>;

const INSIDE = /data:image\/(?:png|jpeg|gif|webp);base64,[\w+/=]+/g;
const KEPT = /(?<=src=")[^":]*\/classes\/pictures\/[\w-]+(?=")/g;

/** Whether HTML holds a picture itself. */
export function holdsPictures(html: string): boolean {
  return html.search(INSIDE) >= 0;
}

/**
 * The same HTML with addresses in place of the pictures that it held. What is refused stays as it is;
 * after a refusal that the next picture would get as well, no other is tried.
 */
export async function withPicturesKept(html: string, keep: Keep): Promise<string> {
  let result = html;
  for (const address of new Set(html.match(INSIDE))) {
    const picture = blobOf(address);
    const answer = picture && (await keep(picture));
    if (isRefusal(answer)) {
      if (answer.code !== "no_picture") {
        break;
      }
    } else if (answer !== undefined) {
      result = result.replaceAll(address, answer);
    }
  }
  return result;
}

/** HTML that shows its pictures without this server, too. One that cannot be had keeps its address. */
export async function withPicturesInside(html: string): Promise<string> {
  let result = html;
  for (const src of new Set(html.match(KEPT))) {
    const picture = await pictureAt(src);
    if (picture !== undefined) {
      result = result.replaceAll(`"${src}"`, `"${await dataAddress(picture)}"`);
    }
  }
  return result;
}

async function pictureAt(src: string): Promise<Blob | undefined> {
  try {
    const answer = await fetch(src);
    return answer.ok ? await answer.blob() : undefined;
  } catch {
    return undefined;
  }
}
