import * as v from "valibot";
import type { Subject } from "./assembly-error.ts";

/** A CloudFormation template as it is written: intrinsic functions are not resolved yet. */
export interface Template {
  parameters: Record<string, Parameter>;
  /** By name, top-level key and second-level key. */
  mappings: Record<string, Record<string, Record<string, unknown>>>;
  conditions: Record<string, unknown>;
  /** By logical id. */
  resources: Map<string, Resource>;
  outputs: Record<string, v.InferOutput<typeof OutputSchema>>;
}

export type Parameter = v.InferOutput<typeof ParameterSchema>;

export interface Resource extends Subject {
  logicalId: string;
  type: string;
  properties: Record<string, unknown>;
  /** Name of the condition without which the resource is absent. */
  condition?: string;
  /** Logical ids that `DependsOn` names. */
  dependsOn: string[];
}

const Named = <Entry extends v.GenericSchema>(entry: Entry) => v.optional(v.record(v.string(), entry), {});

const ParameterSchema = v.object({
  Type: v.string(),
  Default: v.optional(v.union([v.string(), v.number()])),
  AllowedValues: v.optional(v.array(v.union([v.string(), v.number()]))),
});

const OutputSchema = v.object({ Value: v.unknown(), Condition: v.optional(v.string()) });

const ResourceSchema = v.object({
  Type: v.string(),
  Properties: Named(v.unknown()),
  Condition: v.optional(v.string()),
  DependsOn: v.optional(v.union([v.string(), v.array(v.string())]), []),
  Metadata: v.optional(v.object({ "aws:cdk:path": v.optional(v.string()) })),
});

/**
 * Reads the sections that have a meaning locally. Not `Rules`, which only guard a deployment, and not `Transform`,
 * whose absence is checked because a macro may rewrite everything else.
 */
export const TemplateSchema = v.pipe(
  v.object({
    Transform: v.optional(v.never("macros (Transform) are not supported by the local runtime")),
    Parameters: Named(ParameterSchema),
    Mappings: Named(v.record(v.string(), v.record(v.string(), v.unknown()))),
    Conditions: Named(v.unknown()),
    Resources: Named(ResourceSchema),
    Outputs: Named(OutputSchema),
  }),
  v.transform((raw): Template => {
    const resources = Object.entries(raw.Resources).map(([logicalId, resource]): [string, Resource] => [
      logicalId,
      {
        logicalId,
        path: resource.Metadata?.["aws:cdk:path"] ?? logicalId,
        type: resource.Type,
        properties: resource.Properties,
        ...(resource.Condition !== undefined && { condition: resource.Condition }),
        dependsOn: [resource.DependsOn].flat(),
      },
    ]);
    return {
      parameters: raw.Parameters,
      mappings: raw.Mappings,
      conditions: raw.Conditions,
      resources: new Map(resources),
      outputs: raw.Outputs,
    };
  }),
);
