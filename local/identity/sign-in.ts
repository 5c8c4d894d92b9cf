import type { KoaContextWithOIDC } from "oidc-provider";
import type { Provider } from "oidc-provider/lib/provider.js";
import { sendPage, signInForm } from "./pages.ts";
import { readBody } from "./request-body.ts";
import { parseUsername } from "./username.ts";

/**
 * The sign-in page (GET) and what its form leads to (POST): whoever the user says they are, they are.
 * A foreign page cannot post the form: the cookie that names the sign-in under way is `SameSite=Lax`.
 */
export async function signIn(ctx: KoaContextWithOIDC, provider: Provider): Promise<void> {
  const { params } = await provider.interactionDetails(ctx.req, ctx.res).catch((cause: Error) => {
    if (cause.name !== "SessionNotFound") throw cause;
    return ctx.throw(400, "This sign-in has expired or is over. Go back to the application and start again.", {
      cause,
    });
  });
  const formTarget = new URL(String(params.redirect_uri)).origin;

  function showForm(form: { username: string; problem?: string }): void {
    sendPage(ctx, { title: "Sign in", formTarget, body: signInForm(form) });
  }

  if (ctx.method !== "POST") return showForm({ username: String(params.login_hint ?? "") });
  const typed = new URLSearchParams(await readBody(ctx)).get("username") ?? "";
  const parsed = parseUsername(typed);
  if ("problem" in parsed) {
    ctx.status = 400;
    return showForm({ username: typed, problem: parsed.problem });
  }
  const login = { accountId: parsed.username };
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, { login }));
  ctx.status = 303;
}
