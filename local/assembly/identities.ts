import { createHash } from "node:crypto";
import type { Resource } from "./template.ts";

export const ACCOUNT_ID = "000000000000";
export const PARTITION = "aws";
export const REGION = "us-east-1";
export const URL_SUFFIX = "amazonaws.com";

/** What other resources can know of a resource: what `Ref` gives, and what `Fn::GetAtt` gives by name. */
export interface Identity {
  ref: string;
  attributes: Record<string, string>;
}

/** A resource's property as text, resolved; undefined where it is not given. */
type Property = (name: string) => string | undefined;

type Identify = (logicalId: string, property: Property) => Identity;

/**
 * Every resource whose type is not named here is known by its logical id and has no attributes.
 * Source: AWS CloudFormation Template Reference, "Return values" of each resource type.
 */
const IDENTITIES = new Map<string, Identify>([
  ["AWS::ApiGatewayV2::Api", identifyApi],
  ["AWS::ApiGatewayV2::Stage", byName("StageName")],
  ["AWS::CloudFront::CachePolicy", identifyById],
  ["AWS::CloudFront::Distribution", identifyDistribution],
  ["AWS::CloudFront::Function", identifyEdgeFunction],
  ["AWS::CloudFront::OriginAccessControl", identifyById],
  ["AWS::CloudFront::OriginRequestPolicy", identifyById],
  ["AWS::CloudFront::ResponseHeadersPolicy", identifyById],
  ["AWS::Cognito::UserPool", identifyUserPool],
  ["AWS::Cognito::UserPoolClient", identifyUserPoolClient],
  ["AWS::Cognito::UserPoolDomain", byName("Domain")],
  ["AWS::Cognito::UserPoolResourceServer", byName("Identifier")],
  ["AWS::DynamoDB::GlobalTable", byName("TableName", (name) => ({ Arn: arn("dynamodb", `table/${name}`) }))],
  ["AWS::DynamoDB::Table", byName("TableName", (name) => ({ Arn: arn("dynamodb", `table/${name}`) }))],
  ["AWS::IAM::Role", byName("RoleName", (name) => ({ Arn: `arn:${PARTITION}:iam::${ACCOUNT_ID}:role/${name}` }))],
  ["AWS::Lambda::Function", byName("FunctionName", (name) => ({ Arn: functionArn(name) }))],
  ["AWS::Logs::LogGroup", byName("LogGroupName", (name) => ({ Arn: arn("logs", `log-group:${name}:*`) }))],
  ["AWS::S3::Bucket", identifyBucket],
  ["AWS::SNS::Topic", identifyTopic],
]);

/**
 * Names are the ones that the template gives, else made from the logical id alone: data and tokens outlive a run, so
 * a name has to be the same in the next.
 */
export function identify({ type, logicalId }: Resource, property: Property): Identity {
  return IDENTITIES.get(type)?.(logicalId, property) ?? named(logicalId);
}

export function functionArn(functionName: string): string {
  return arn("lambda", `function:${functionName}`);
}

function byName(nameProperty: string, attributes: (name: string) => Record<string, string> = () => ({})): Identify {
  return (logicalId, property) => {
    const name = property(nameProperty) ?? logicalId;
    return named(name, attributes(name));
  };
}

function identifyApi(logicalId: string, property: Property): Identity {
  const apiId = hashed(logicalId, { alphabet: LOWER_CASE_ALPHANUMERIC, length: 10 });
  const scheme = property("ProtocolType") === "WEBSOCKET" ? "wss" : "https";
  const apiEndpoint = `${scheme}://${apiId}.execute-api.${REGION}.${URL_SUFFIX}`;
  return named(apiId, { ApiEndpoint: apiEndpoint, ApiId: apiId });
}

function identifyDistribution(logicalId: string): Identity {
  const id = `E${hashed(logicalId, { alphabet: LOWER_CASE_ALPHANUMERIC, length: 13 }).toUpperCase()}`;
  const domainName = `d${hashed(logicalId, { alphabet: LOWER_CASE_ALPHANUMERIC, length: 13 })}.cloudfront.net`;
  return named(id, { Id: id, DomainName: domainName });
}

function identifyEdgeFunction(logicalId: string, property: Property): Identity {
  const functionArn = `arn:${PARTITION}:cloudfront::${ACCOUNT_ID}:function/${property("Name") ?? logicalId}`;
  return named(functionArn, { FunctionARN: functionArn, "FunctionMetadata.FunctionARN": functionArn });
}

function identifyBucket(logicalId: string, property: Property): Identity {
  const name = property("BucketName") ?? logicalId.toLowerCase();
  return named(name, {
    Arn: `arn:${PARTITION}:s3:::${name}`,
    DomainName: `${name}.s3.${URL_SUFFIX}`,
    RegionalDomainName: `${name}.s3.${REGION}.${URL_SUFFIX}`,
  });
}

function identifyById(logicalId: string): Identity {
  return named(logicalId, { Id: logicalId });
}

function identifyUserPool(logicalId: string): Identity {
  const poolId = `${REGION}_${hashed(logicalId, { alphabet: ALPHANUMERIC, length: 9 })}`;
  const provider = `cognito-idp.${REGION}.${URL_SUFFIX}/${poolId}`;
  return named(poolId, {
    Arn: arn("cognito-idp", `userpool/${poolId}`),
    ProviderName: provider,
    ProviderURL: `https://${provider}`,
    UserPoolId: poolId,
  });
}

function identifyUserPoolClient(logicalId: string, property: Property): Identity {
  const clientId = hashed(logicalId, { alphabet: LOWER_CASE_ALPHANUMERIC, length: 26 });
  return named(clientId, { ClientId: clientId, Name: property("ClientName") ?? logicalId });
}

function identifyTopic(logicalId: string, property: Property): Identity {
  const name = property("TopicName") ?? logicalId;
  const topicArn = arn("sns", name);
  return named(topicArn, { TopicArn: topicArn, TopicName: name });
}

function named(ref: string, attributes: Record<string, string> = {}): Identity {
  return { ref, attributes };
}

function arn(service: string, resource: string): string {
  return `arn:${PARTITION}:${service}:${REGION}:${ACCOUNT_ID}:${resource}`;
}

const LOWER_CASE_ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyz0123456789";
const ALPHANUMERIC = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${LOWER_CASE_ALPHANUMERIC}`;

/** An id of the shape that AWS would make up; `length` is at most 32, the bytes of the digest. */
function hashed(logicalId: string, { alphabet, length }: { alphabet: string; length: number }): string {
  const digest = createHash("sha256").update(logicalId).digest();
  return Array.from(digest.subarray(0, length), (byte) => alphabet[byte % alphabet.length]).join("");
}
