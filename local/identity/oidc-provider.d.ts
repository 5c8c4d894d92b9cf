/**
 * The package's index prints a warning on Node.js before 22 as it is imported; the module behind it,
 * which is all that is needed here and runs on Node.js 20.20, does not.
 */
declare module "oidc-provider/lib/provider.js" {
  export { Provider } from "oidc-provider";
}
