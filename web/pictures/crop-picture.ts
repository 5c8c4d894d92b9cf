import { AVATAR_BYTES_MAX } from "../../functions/protocol/limits.ts";
import type { Crop } from "./crop.ts";

/** A file that is larger is not opened at all. */
const FILE_BYTES_MAX = 30 * 1024 * 1024;
/** As many as a phone's camera makes; more would fill the memory of a small device, four bytes each. */
const PIXELS_MAX = 100_000_000;
/** Of the square that is made, in pixels: twice that of the largest that is shown. */
const SIDE_PX = 256;
/** Tried one after the other, until the picture is small enough. */
const QUALITIES = [0.9, 0.8, 0.65, 0.5, 0.3];

/** Why a picture cannot be used; `code` is one of the protocol's. */
export class PictureError extends Error {
  override name = "PictureError";
  readonly code: "invalid_image" | "image_too_large";

  constructor(code: PictureError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Opens whatever the browser can show, upright as its file says. Rejects with a `PictureError`. */
export async function openPicture(file: Blob): Promise<ImageBitmap> {
  if (file.size > FILE_BYTES_MAX)
    throw new PictureError(
      "image_too_large",
      `A picture's file has at most ${FILE_BYTES_MAX} bytes; this one has ${file.size}.`,
    );
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch((cause: unknown) => {
    throw new PictureError("invalid_image", "The browser cannot show this file as a picture.", cause);
  });
  const { width, height } = picture;
  if (width * height <= PIXELS_MAX) return picture;
  picture.close();
  throw new PictureError(
    "image_too_large",
    `A picture has at most ${PIXELS_MAX} pixels; this one has ${width} × ${height}.`,
  );
}

/**
 * The bytes of a square of a picture, of at most 64 KiB: WebP, or JPEG where the browser writes no WebP. They are made
 * anew from what can be seen, so that nothing else that the file held is in them, as where it was taken.
 */
export async function cropPicture(picture: ImageBitmap, { x, y, size }: Crop): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = document.createElement("canvas");
  canvas.width = SIDE_PX;
  canvas.height = SIDE_PX;
  const context = canvas.getContext("2d");
  if (context === null) throw new PictureError("invalid_image", "The browser gives no canvas.");
  context.imageSmoothingQuality = "high";
  // JPEG knows no transparency.
  context.fillStyle = "white";
  context.fillRect(0, 0, SIDE_PX, SIDE_PX);
  context.drawImage(picture, x, y, size, size, 0, 0, SIDE_PX, SIDE_PX);
  for (const type of ["image/webp", "image/jpeg"])
    for (const quality of QUALITIES) {
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, quality));
      // A browser that does not write this type writes PNG.
      if (blob === null || blob.type !== type) break;
      if (blob.size <= AVATAR_BYTES_MAX) return new Uint8Array(await blob.arrayBuffer());
    }
  throw new PictureError("image_too_large", `The picture does not fit into ${AVATAR_BYTES_MAX} bytes.`);
}
