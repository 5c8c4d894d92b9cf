import type { KoaContextWithOIDC } from "oidc-provider";
import { html } from "./html.ts";
import { sendPage } from "./pages.ts";

/** Koa middleware: answers every error, those that are not meant for the caller with a bare 500 after `logFault`. */
export function explainErrors(logFault: (error: unknown) => void) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<unknown>): Promise<void> => {
    try {
      await next();
    } catch (error) {
      if (isForCaller(error)) {
        ctx.status = error.status;
        explain(ctx, error.error_description ?? error.message);
      } else {
        logFault(error);
        ctx.status = 500;
        explain(ctx, "Something is wrong with the issuer itself: its log says what.");
      }
    }
  };
}

/** A browser gets a page, everybody else `{ "error": "…" }`. */
export function explain(ctx: KoaContextWithOIDC, sentence: string): void {
  if (ctx.accepts("json", "html") === "html") {
    sendPage(ctx, { title: "Sign-in cannot go on", body: html`<p class="problem">${sentence}</p>` });
  } else {
    ctx.body = { error: sentence };
  }
}

/** An error of Koa's `ctx.throw` below 500, or of oidc-provider, which has a description of its own. */
interface ErrorForCaller extends Error {
  expose: true;
  status: number;
  error_description?: string;
}

function isForCaller(error: unknown): error is ErrorForCaller {
  return error instanceof Error && "expose" in error && error.expose === true && "status" in error;
}
