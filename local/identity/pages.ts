import { createHash } from "node:crypto";
import type { KoaContextWithOIDC } from "oidc-provider";
import { type Html, html } from "./html.ts";

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; }
main { box-sizing: border-box; width: min(24rem, 100%); padding: 1.5rem; }
h1 { font-size: 1.25rem; margin: 0 0 .5rem; }
.development { border: 2px dashed #c77700; border-radius: .5rem; padding: .5rem .75rem; }
.problem { border-left: 4px solid #d13438; padding-left: .75rem; }
form { display: grid; gap: .5rem; margin-top: 1rem; }
input, button { font: inherit; padding: .6rem .75rem; border-radius: .5rem; border: 1px solid #8888; }
button { cursor: pointer; }
`;
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

const QUICK_USERNAMES = ["alice", "bob"];

/**
 * Answers with a page that can run no script and cannot be framed.
 *
 * @param formTarget where a form of the page may end up: a browser holds `form-action` against the
 *   redirects that follow, too, and the last of them leads to the client
 */
export function sendPage(ctx: KoaContextWithOIDC, page: { title: string; body: Html; formTarget?: string }): void {
  const formAction = page.formTarget === undefined ? "'none'" : `'self' ${page.formTarget}`;
  ctx.set({
    "Cache-Control": "no-store",
    "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  });
  ctx.type = "html";
  ctx.body = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${page.title}</title>
<style>${{ markup: STYLE }}</style>
<main>
<h1>${page.title}</h1>
${page.body}
</main>
</html>
`.markup;
}

/** The sign-in form; `username` stands in its field, `problem` says why the last attempt failed. */
export function signInForm({ username, problem }: { username: string; problem?: string }): Html {
  const quick = QUICK_USERNAMES.map((name) => html`<button name="username" value="${name}">Open as ${name}</button>\n`);
  return html`<p class="development"><strong>For development only.</strong> There is no password here: anybody on
this machine can be anybody. Once deployed, the user pool's own sign-in page stands in this place.</p>
${problem === undefined ? "" : html`<p class="problem" role="alert">${problem}</p>`}
<form method="post">
${quick}</form>
<form method="post">
<label for="username">or as somebody else</label>
<input id="username" name="username" value="${username}" autocomplete="off" autocapitalize="none" spellcheck="false" autofocus>
<button>Open</button>
</form>`;
}
