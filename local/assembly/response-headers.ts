import * as v from "valibot";
import type { ResponseHeadersModel } from "../model.ts";
import { flag, text, wholeNumber, withoutLocalEffect } from "./properties.ts";
import type { Stack } from "./stack.ts";

const Override = flag;
const yes = v.optional(flag, false);

const ConfigSchema = v.strictObject({
  CustomHeadersConfig: v.optional(
    v.strictObject({ Items: v.array(v.strictObject({ Header: text, Value: text, Override })) }),
    { Items: [] },
  ),
  RemoveHeadersConfig: v.optional(v.strictObject({ Items: v.array(v.strictObject({ Header: text })) }), { Items: [] }),
  SecurityHeadersConfig: v.optional(
    v.strictObject({
      ContentSecurityPolicy: v.optional(v.strictObject({ ContentSecurityPolicy: text, Override })),
      ContentTypeOptions: v.optional(v.strictObject({ Override })),
      FrameOptions: v.optional(v.strictObject({ FrameOption: text, Override })),
      ReferrerPolicy: v.optional(v.strictObject({ ReferrerPolicy: text, Override })),
      StrictTransportSecurity: v.optional(
        v.strictObject({ AccessControlMaxAgeSec: wholeNumber, IncludeSubdomains: yes, Preload: yes, Override }),
      ),
      XSSProtection: v.optional(
        v.strictObject({ Protection: flag, ModeBlock: yes, ReportUri: v.optional(text), Override }),
      ),
    }),
    {},
  ),
  ...withoutLocalEffect("Comment", "Name"),
});

const PolicySchema = v.strictObject({ ResponseHeadersPolicyConfig: ConfigSchema });
type Config = v.InferOutput<typeof ConfigSchema>;

/** The response headers policies of the stack, by id. */
export function readResponseHeaders(stack: Stack): Map<string, ResponseHeadersModel> {
  return new Map(
    stack.resources("AWS::CloudFront::ResponseHeadersPolicy").map((resource) => {
      const { ResponseHeadersPolicyConfig: config } = stack.properties(resource, PolicySchema);
      const custom = config.CustomHeadersConfig.Items.map((item) => setting(item.Header, item.Value, item));
      return [
        stack.identity(resource).ref,
        {
          set: [...securityHeaders(config.SecurityHeadersConfig), ...custom],
          remove: config.RemoveHeadersConfig.Items.map(({ Header }) => Header),
        },
      ];
    }),
  );
}

/** Source: CloudFront Developer Guide, "Understand response headers policies". */
function securityHeaders(config: Config["SecurityHeadersConfig"]): ResponseHeadersModel["set"] {
  const { ContentSecurityPolicy: csp, ContentTypeOptions: options, FrameOptions: frame } = config;
  const { ReferrerPolicy: referrer, StrictTransportSecurity: transport, XSSProtection: xss } = config;
  const transportParts = [
    `max-age=${transport?.AccessControlMaxAgeSec}`,
    ...(transport?.IncludeSubdomains ? ["includeSubDomains"] : []),
    ...(transport?.Preload ? ["preload"] : []),
  ];
  const xssParts = [
    xss?.Protection ? "1" : "0",
    ...(xss?.ModeBlock ? ["mode=block"] : []),
    ...(xss?.ReportUri === undefined ? [] : [`report=${xss.ReportUri}`]),
  ];
  return [
    ...(csp ? [setting("content-security-policy", csp.ContentSecurityPolicy, csp)] : []),
    ...(options ? [setting("x-content-type-options", "nosniff", options)] : []),
    ...(frame ? [setting("x-frame-options", frame.FrameOption, frame)] : []),
    ...(referrer ? [setting("referrer-policy", referrer.ReferrerPolicy, referrer)] : []),
    ...(transport ? [setting("strict-transport-security", transportParts.join("; "), transport)] : []),
    ...(xss ? [setting("x-xss-protection", xssParts.join("; "), xss)] : []),
  ];
}

function setting(name: string, value: string, { Override: override }: { Override: boolean }) {
  return { name: name.toLowerCase(), value, override };
}
