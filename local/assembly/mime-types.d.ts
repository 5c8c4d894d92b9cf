/** The package comes without types. */
declare module "mime-types" {
  /** The media type of a file name's extension, `.html`, without a charset; false for one that is not known. */
  export function lookup(extension: string): string | false;
}
