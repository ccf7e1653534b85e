//! The functions in `infra/template.yaml`: role, version, alias, log group, routes, limits.

use std::collections::BTreeMap;
use std::fmt::Write;

use platform::function::{Cost, Function, Operation, Route, Secret, Share};
use sesame::functions::ALL;

use super::{logical, paths, variables};

/// All functions, one block each.
pub fn functions() -> String {
    ALL.iter().map(|function| format!("{}{}{}\n", runs(function), may(function), routes(function))).collect()
}

/// `DependsOn` of the stage: routes with a limit of their own must exist before it.
pub fn limited_routes() -> String {
    let names: Vec<String> = limited().map(|(route, is_alone)| route_name(route, is_alone)).collect();
    format!("    DependsOn: [{}]\n", names.join(", "))
}

/// Limits of the routes that hash a password.
pub fn limits() -> String {
    let limit = |(route, is_alone): (&Route, bool)| {
        format!(
            "        {} {}:
          ThrottlingRateLimit: !FindInMap [Rate, !Ref Size, Password]
          ThrottlingBurstLimit: !FindInMap [Rate, !Ref Size, PasswordBurst]\n",
            method(route, is_alone),
            route.path
        )
    };
    limited().map(limit).collect()
}

/// The routes that hash a password, and whether each is the only one of its path.
fn limited() -> impl Iterator<Item = (&'static Route, bool)> {
    let costly = |function: &&'static Function| {
        let routes = function.routes.iter().filter(|route| route.cost == Cost::Hash);
        routes.map(|route| (route, is_alone(function, route))).collect::<Vec<_>>()
    };
    ALL.iter().flat_map(costly)
}

fn is_alone(function: &Function, route: &Route) -> bool {
    function.routes.iter().filter(|other| other.path == route.path).count() == 1
}

/// A path is routed whatever the method: the function answers 405 with `Allow` itself.
fn method(route: &Route, is_alone: bool) -> &'static str {
    if is_alone { "ANY" } else { route.method }
}

fn route_name(route: &Route, is_alone: bool) -> String {
    let method = if is_alone { String::new() } else { logical(&route.method.to_ascii_lowercase()) };
    format!("{method}{}Route", path_name(route.path))
}

fn path_name(path: &str) -> String {
    logical(path.trim_start_matches("/api"))
}

/// The function, its published version, the alias that is called, how a release moves it, and its log.
fn runs(function: &Function) -> String {
    let (name, id, size) = (function.name, logical(function.name), function.size);
    let reserved = match size.share {
        Share::Mails => "!Ref MailSenders".to_owned(),
        share => format!("!FindInMap [Concurrency, {share:?}, !Ref Size]"),
    };
    format!(
        r#"  {id}Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/{name}.zip
      Role: !GetAtt {id}Role.Arn
      MemorySize: {memory}
      Timeout: {timeout}
      LoggingConfig:
        LogFormat: JSON
        ApplicationLogLevel: INFO
        SystemLogLevel: INFO
        LogGroup: !Ref {id}Logs
      ReservedConcurrentExecutions: !If [IsReserved, {reserved}, !Ref AWS::NoValue]
{environment}  {id}Version:
    Type: AWS::Lambda::Version
    UpdateReplacePolicy: Retain
    Properties: {{ FunctionName: !Ref {id}Function, Description: !Sub "${{Version}} ${{Published}}" }}
  {id}Live:
    Type: AWS::Lambda::Alias
    UpdatePolicy: !If
      - IsCanary
      - CodeDeployLambdaAliasUpdate:
          ApplicationName: !Ref Releases
          DeploymentGroupName: !Ref {id}Release
      - !Ref AWS::NoValue
    Properties:
      Name: live
      FunctionName: !Ref {id}Function
      FunctionVersion: !GetAtt {id}Version.Version
  {id}Release:
    Type: AWS::CodeDeploy::DeploymentGroup
    Properties:
      ApplicationName: !Ref Releases
      ServiceRoleArn: !GetAtt ReleasesRole.Arn
      DeploymentConfigName: CodeDeployDefault.LambdaCanary10Percent5Minutes
      DeploymentStyle: {{ DeploymentType: BLUE_GREEN, DeploymentOption: WITH_TRAFFIC_CONTROL }}
      AutoRollbackConfiguration: {{ Enabled: true, Events: [DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM] }}
      AlarmConfiguration:
        Enabled: true
        Alarms:
          - Name: !Sub ${{AWS::StackName}}-errors-{name}
          - Name: !Sub ${{AWS::StackName}}-internal
  {id}Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub /aws/lambda/${{AWS::StackName}}-{name}
      RetentionInDays: !Ref LogRetentionDays
      KmsKeyId: !GetAtt Key.Arn
  {id}Internal:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref {id}Logs
      FilterPattern: '{{ $.outcome = "internal" }}'
      MetricTransformations: [{{ MetricNamespace: Sesame, MetricName: InternalErrors, MetricValue: "1" }}]
"#,
        memory = size.memory_mb,
        timeout = size.timeout_seconds,
        environment = environment(function),
    )
}

/// The variables that not every function has.
fn environment(function: &Function) -> String {
    let mut lines: Vec<String> = variables(function).into_iter().map(secret).collect();
    if !function.routes.is_empty() {
        lines.extend(["SESAME_ORIGIN_SECRET", "SESAME_ORIGIN_SECRET_PREVIOUS"].map(secret));
    }
    let mut set = |name: &str, value: &str| lines.push(format!("          {name}: {value}\n"));
    if function.secrets.contains(&Secret::Challenge) {
        set("SESAME_PROOF_COUNTER", "!Ref ProofCounter");
    }
    if function.secrets.contains(&Secret::Session) {
        set("SESAME_LOGIN_PROOF", "!Ref LoginProof");
    }
    if function.secrets.contains(&Secret::Agents) {
        set("SESAME_AGENTS_ISSUER", "!Ref OpenIdIssuer");
        set("SESAME_AGENTS_CLIENT_ID", "!Ref OpenIdClientId");
        set("SESAME_AGENTS_ACR", "!Ref AgentAcr");
    }
    if function.size.share == Share::Desk {
        set("SESAME_AGENTS_ADDRESSES", "!Ref AgentAddresses");
    }
    if function.name == "successions" {
        set("SESAME_SUCCESSION_DAYS", "!Ref SuccessionDays");
    }
    // Those that tell where a person goes on from here.
    if ["session", "space"].contains(&function.name) {
        set("SESAME_EXTRANET", "!Ref ExtranetUrl");
    }
    if function.size.share == Share::Mails {
        set("SESAME_MAIL_FROM", "!Sub ${MailFromName} <ne-pas-repondre@${MailDomain}>");
        set("SESAME_AGENCY_ADDRESS", "!Ref AgencyAddress");
        set("SESAME_CONFIGURATION_SET", "!Sub \"${AWS::StackName}-mails\"");
        set("SESAME_CONFIGURATION_SET_UNPROVEN", "!Sub \"${AWS::StackName}-unproven\"");
        set("SESAME_MAIL_RATE", "!Ref MailRate");
    }
    lines.sort_unstable();
    // Without variables of its own it has those of `Globals` alone: an empty map would hide them.
    if lines.is_empty() {
        return String::new();
    }
    format!("      Environment:\n        Variables:\n{}", lines.concat())
}

/// A variable and the secret that it is read from: `SESAME_PROOF_KEY` is the resource `ProofKey`.
fn secret(variable: &str) -> String {
    let resource = logical(&variable.trim_start_matches("SESAME_").to_ascii_lowercase());
    format!("          {variable}: !Sub \"{{{{resolve:secretsmanager:${{{resource}}}:SecretString}}}}\"\n")
}

/// The role: what every function may do, and one statement for each operation that this one is granted.
fn may(function: &Function) -> String {
    let mut role = format!(
        r#"  {}Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {{ Service: lambda.amazonaws.com }}
            Action: sts:AssumeRole
      ManagedPolicyArns: [!Ref EveryFunction]
"#,
        logical(function.name)
    );
    let mut granted: BTreeMap<Operation, Vec<String>> = BTreeMap::new();
    for grant in function.grants {
        granted.entry(grant.operation).or_default().push(format!("\"{}\"", grant.leading_key()));
    }
    if granted.is_empty() {
        return role;
    }
    role.push_str(
        r#"      Policies:
        - PolicyName: Table
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
"#,
    );
    for (operation, mut keys) in granted {
        keys.sort_unstable();
        // `ForAllValues` holds where there is no key at all, hence `Null`.
        let _ = write!(
            role,
            r#"              - Sid: {action}
                Effect: Allow
                Action: dynamodb:{action}
                Resource: !GetAtt Table.Arn
                Condition:
                  ForAllValues:StringLike: {{ dynamodb:LeadingKeys: [{keys}] }}
                  "Null": {{ dynamodb:LeadingKeys: "false" }}
"#,
            action = operation.as_str(),
            keys = keys.join(", "),
        );
    }
    role
}

/// Integration, routes and permissions.
fn routes(function: &Function) -> String {
    if function.routes.is_empty() {
        return String::new();
    }
    let id = logical(function.name);
    let mut text = format!(
        "  {id}Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref HttpApi
      IntegrationType: AWS_PROXY
      IntegrationUri: !Ref {id}Live
      PayloadFormatVersion: \"2.0\"\n"
    );
    let target = format!("!Sub \"integrations/${{{id}Integration}}\"");
    // In quotes: the braces of a path are YAML's own.
    let mut route = |name: &str, key: &str| {
        let _ = write!(
            text,
            "  {name}Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ ApiId: !Ref HttpApi, RouteKey: \"{key}\", Target: {target} }}\n"
        );
    };
    for path in paths(function) {
        route(&path_name(path), &format!("ANY {path}"));
    }
    for costly in function.routes.iter().filter(|route| route.cost == Cost::Hash) {
        if !is_alone(function, costly) {
            let name = route_name(costly, false);
            route(name.trim_end_matches("Route"), &format!("{} {}", costly.method, costly.path));
        }
    }
    for path in paths(function) {
        text.push_str(&permission(&id, path));
    }
    text
}

/// The API may call the function for one path.
fn permission(id: &str, path: &str) -> String {
    let pieces = path.split('/').map(|piece| if piece.starts_with('{') { "*" } else { piece });
    let path_of_arn = pieces.collect::<Vec<_>>().join("/");
    let api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}";
    format!(
        "  {}Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref {id}Live
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub {api}/*/*{path_of_arn}\n",
        path_name(path)
    )
}
