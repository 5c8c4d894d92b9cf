/** What a JWT says (RFC 7519), unverified; nothing where the token is something else, which an issuer may well give. */
export function claimsOf(token: string): Record<string, unknown> {
  try {
    const binary = atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (byte) => byte.charCodeAt(0)))) ?? {};
  } catch {
    return {};
  }
}
