import { wildcard } from "../wildcard.ts";

const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * The first behavior whose pattern fits the path of a request's target, as "Path pattern" of the CloudFront Developer
 * Guide says: the normalized path is matched, with upper and lower case told apart. The origin gets the path as it came.
 *
 * @throws Error where none fits, which a last one with `*` rules out
 */
export function findBehavior<B extends { pathPattern: string }>(behaviors: readonly B[], target: string): B {
  const path = normalize(target.split("?", 1)[0] ?? "");
  const found = behaviors.find(({ pathPattern }) =>
    wildcard(pathPattern.startsWith("/") || pathPattern === "*" ? pathPattern : `/${pathPattern}`).test(path),
  );
  if (found === undefined) throw new Error(`No behavior fits ${path}`);
  return found;
}

/** Escapes of unreserved characters and segments of dots are undone (RFC 3986, section 6.2.2). */
function normalize(path: string): string {
  const decoded = path.replace(/%([2-7][0-9a-f])/gi, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : encoded;
  });
  // Not of the scheme http, in which a backslash would count as a slash.
  return new URL(`viewer://host${decoded}`).pathname;
}
