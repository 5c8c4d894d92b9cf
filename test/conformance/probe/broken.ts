/** The handler of a module that does not load. */
export const handler = fail();

function fail(): () => Promise<void> {
  throw new Error("The probe's module does not load");
}
