/** A square of a picture, in its own pixels. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The largest square, in the middle. */
export function wholeCrop({ width, height }: Size): Crop {
  const size = Math.min(width, height);
  return { x: (width - size) / 2, y: (height - size) / 2, size };
}

/** The square moved, and kept inside the picture. */
export function move(picture: Size, { x, y, size }: Crop, by: { x: number; y: number }): Crop {
  const inside = (at: number, length: number) => Math.min(Math.max(0, at), length - size);
  return { x: inside(x + by.x, picture.width), y: inside(y + by.y, picture.height), size };
}

/** The square with a part of the largest one's size, with the same middle as far as the picture allows. */
export function zoom(picture: Size, { x, y, size }: Crop, scale: number): Crop {
  const next = wholeCrop(picture).size / scale;
  const shift = (size - next) / 2;
  return move(picture, { x, y, size: next }, { x: shift, y: shift });
}
