/** The resource types that the runtime serves. Their properties are listed by the schemas that read them. */
export const SERVED_TYPES = [
  "AWS::ApiGatewayV2::Api",
  "AWS::ApiGatewayV2::Authorizer",
  "AWS::ApiGatewayV2::Integration",
  "AWS::ApiGatewayV2::Route",
  "AWS::ApiGatewayV2::RouteResponse",
  "AWS::ApiGatewayV2::Stage",
  "AWS::CloudFront::Distribution",
  "AWS::CloudFront::Function",
  "AWS::CloudFront::ResponseHeadersPolicy",
  "AWS::Cognito::UserPool",
  "AWS::Cognito::UserPoolClient",
  "AWS::Cognito::UserPoolDomain",
  "AWS::DynamoDB::GlobalTable",
  "AWS::DynamoDB::Table",
  "AWS::Lambda::Function",
  "AWS::S3::Bucket",
  "AWS::S3::BucketPolicy",
  "Custom::CDKBucketDeployment",
  "Custom::S3AutoDeleteObjects",
] as const;

export type ServedType = (typeof SERVED_TYPES)[number];

const GRANTS_ARE_NOT_CHECKED = "whatever runs locally may do everything";
const LOGS_GO_TO_THE_TERMINAL = "logs go to the terminal";
const NOBODY_IS_ALARMED = "nothing is measured, so nobody is alarmed";

/** The resource types that are accepted although nothing is served for them, each with the reason. */
export const TYPES_WITHOUT_LOCAL_EFFECT: Readonly<Record<string, string>> = {
  "AWS::ApiGateway::Account": LOGS_GO_TO_THE_TERMINAL,
  "AWS::ApiGatewayV2::Deployment": "a stage always serves the newest routes",
  "AWS::ApiGatewayV2::IntegrationResponse": "a proxy integration passes on what its function returns",
  "AWS::CDK::Metadata": "it counts uses of the CDK",
  "AWS::CloudFront::CachePolicy": "nothing is cached",
  "AWS::CloudFront::OriginAccessControl": GRANTS_ARE_NOT_CHECKED,
  "AWS::CloudFront::OriginRequestPolicy": "a bucket looks at the path alone, and an API takes no policy of one's own",
  "AWS::CloudWatch::Alarm": NOBODY_IS_ALARMED,
  "AWS::CloudWatch::CompositeAlarm": NOBODY_IS_ALARMED,
  "AWS::CloudWatch::Dashboard": NOBODY_IS_ALARMED,
  "AWS::Cognito::ManagedLoginBranding": "the local sign-in page has a look of its own",
  "AWS::Cognito::UserPoolResourceServer": "a client is granted the scopes that it lists",
  "AWS::IAM::ManagedPolicy": GRANTS_ARE_NOT_CHECKED,
  "AWS::IAM::Policy": GRANTS_ARE_NOT_CHECKED,
  "AWS::IAM::Role": GRANTS_ARE_NOT_CHECKED,
  "AWS::Lambda::LayerVersion": "a function that is served has no layers",
  "AWS::Lambda::Permission": GRANTS_ARE_NOT_CHECKED,
  "AWS::Logs::LogGroup": LOGS_GO_TO_THE_TERMINAL,
  "AWS::Logs::LogStream": LOGS_GO_TO_THE_TERMINAL,
  "AWS::Logs::MetricFilter": NOBODY_IS_ALARMED,
  "AWS::Logs::QueryDefinition": LOGS_GO_TO_THE_TERMINAL,
  "AWS::Logs::ResourcePolicy": GRANTS_ARE_NOT_CHECKED,
  "AWS::SNS::Subscription": NOBODY_IS_ALARMED,
  "AWS::SNS::Topic": NOBODY_IS_ALARMED,
  "AWS::SNS::TopicPolicy": GRANTS_ARE_NOT_CHECKED,
};
