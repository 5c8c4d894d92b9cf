import { readFileSync } from "node:fs";
import { join } from "node:path";
import { synthesizeDuet } from "../../bin/run-duet.ts";

export interface Resource {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties are what these tests look into
  Properties: any;
  DeletionPolicy?: string;
  DependsOn?: string[];
}

export type Template = ReturnType<typeof readTemplate>;

/** The template of the stack Duet, synthesized as on the command line, with this context. */
export async function synthesize(context: Record<string, string> = {}): Promise<Template> {
  return readTemplate(await synthesizeDuet(context), "Duet");
}

/** The template of a stack in a cloud assembly. */
export function readTemplate(outDirectory: string, stack: string) {
  const template = JSON.parse(readFileSync(join(outDirectory, `${stack}.template.json`), "utf8"));
  const resources = Object.entries<Resource>(template.Resources);
  return {
    outDirectory,
    resources: template.Resources as Record<string, Resource>,
    outputs: Object.keys(template.Outputs),
    all: (type: string) =>
      resources.filter(([, { Type }]) => Type === type).map(([id, resource]) => ({ id, ...resource })),
    named: (name: string) => {
      const found = resources.find(([id]) => new RegExp(`^${name}[0-9A-F]{8}$`).test(id));
      if (found === undefined) throw new Error(`The template has no ${name}`);
      return found[1];
    },
  };
}

/** `http/post-message` → `PostMessage` */
export function pascalCase(name: string): string {
  return name.replace(/^.*\//, "").replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
