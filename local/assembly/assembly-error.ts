/** What a message is about: a resource, or an entry of another section (`Outputs.Url`). */
export interface Subject {
  /** Construct path (`Shop/Orders/Resource`), or the logical id where the template does not say the path. */
  path: string;
  /** CloudFormation's name of the resource type: `AWS::DynamoDB::Table`. */
  type?: string;
}

/** The assembly asks for something that the local runtime cannot serve. The message says where, what and what to do. */
export class AssemblyError extends Error {
  override readonly name = "AssemblyError";

  constructor(subject: Subject, problem: string, options?: ErrorOptions) {
    super(`${describe(subject)}: ${problem}`, options);
  }
}

/** `Shop/Orders/Resource (AWS::DynamoDB::Table)` */
export function describe({ path, type }: Subject): string {
  return type === undefined ? path : `${path} (${type})`;
}

/** Says that the runtime does not know `what`, and what can be done about it. */
export function unsupported(what: string): string {
  return `${what} is not supported by the local runtime; do without it, or teach it to local/assembly`;
}

/** Refuses the first subject of which the same can be said as of one before it: `the table name "orders"`. */
export function refuseRepeats<S extends Subject>(subjects: readonly S[], distinction: (subject: S) => string): void {
  const seen = new Map<string, S>();
  for (const subject of subjects) {
    const distinct = distinction(subject);
    const earlier = seen.get(distinct);
    if (earlier) {
      throw new AssemblyError(subject, `has ${distinct}, as ${describe(earlier)} has; give one of them another`);
    }
    seen.set(distinct, subject);
  }
}
