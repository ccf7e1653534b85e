//! `infra/watch.yaml`: three alarms for each function, and the dashboard.

use sesame::functions::ALL;

use super::logical;

/// Arguments of the nested template: each function's name.
pub fn arguments() -> String {
    ALL.iter()
        .map(|function| logical(function.name))
        .map(|id| format!("        {id}: !Ref {id}Function\n"))
        .collect()
}

/// Parameters of the nested template.
pub fn parameters() -> String {
    let parameter =
        |name: &str| format!("  {}: {{ Type: String, Description: The function }}\n", logical(name));
    ALL.iter().map(|function| parameter(function.name)).collect()
}

/// Three alarms for each function, and one composite alarm for each kind.
pub fn alarms() -> String {
    let mut text: String = ALL.iter().map(|function| of(function.name, function.size.slow_ms)).collect();
    for (kind, said) in [
        ("Errors", "A function crashed or ran out of time"),
        ("Throttles", "More at once than a function's share"),
        ("Slow", "One request in ten takes too long"),
    ] {
        text.push_str(&any(kind, said));
    }
    text
}

fn of(name: &str, slow_ms: u32) -> String {
    let id = logical(name);
    let alarm = |kind: &str, metric: &str, datapoints: &str, compared: &str| {
        let word = kind.to_ascii_lowercase();
        format!(
            r#"  {kind}{id}:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub ${{Prefix}}-{word}-{name}
      AlarmDescription: "docs/operations.md, {word}"
      Namespace: AWS/Lambda
      MetricName: {metric}
      Dimensions: [{{ Name: FunctionName, Value: !Ref {id} }}]
      Period: 60
      {datapoints}
      {compared}
      TreatMissingData: notBreaching
"#
        )
    };
    let reached =
        "Threshold: 1\n      ComparisonOperator: GreaterThanOrEqualToThreshold\n      Statistic: Sum";
    // Not p99, of which under a thousand requests a minute say little.
    let slow = format!(
        "Threshold: {slow_ms}\n      ComparisonOperator: GreaterThanThreshold\n      ExtendedStatistic: p90"
    );
    [
        alarm("Errors", "Errors", "EvaluationPeriods: 5\n      DatapointsToAlarm: 2", reached),
        alarm("Throttles", "Throttles", "EvaluationPeriods: 3\n      DatapointsToAlarm: 2", reached),
        alarm("Slow", "Duration", "EvaluationPeriods: 5\n      DatapointsToAlarm: 3", &slow),
    ]
    .concat()
}

/// The composite alarm of a kind: a crowd on nine routes is one message.
fn any(kind: &str, said: &str) -> String {
    let word = kind.to_ascii_lowercase();
    let each = ALL.iter().map(|function| format!("ALARM(\"${{{kind}{}}}\")", logical(function.name)));
    let rule = each.collect::<Vec<_>>().join("\n        OR ");
    format!(
        r#"  {kind}:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties:
      AlarmName: !Sub ${{Prefix}}-{word}
      AlarmDescription: "{said}: docs/operations.md, {word}"
      AlarmRule: !Sub >-
        {rule}
"#
    )
}

/// The lines of the dashboard that name every function, as variables of its body.
pub fn widgets() -> String {
    let metrics = [
        ("Durations", "Duration", "p99"),
        ("Executions", "ConcurrentExecutions", "Maximum"),
        ("Throttled", "Throttles", "Sum"),
        ("Failed", "Errors", "Sum"),
    ];
    let mut text = String::new();
    for (variable, metric, statistic) in metrics {
        let line = |name: &str| {
            let function = format!(r#""FunctionName", "${{{}}}""#, logical(name));
            let shown = format!(r#"{{"stat": "{statistic}", "label": "{name}"}}"#);
            format!(r#"["AWS/Lambda", "{metric}", {function}, {shown}]"#)
        };
        let lines =
            ALL.iter().map(|function| line(function.name)).collect::<Vec<_>>().join(",\n            ");
        text.push_str(&format!("          {variable}: !Sub >-\n            {lines}\n"));
    }
    let logs = ALL.iter().map(|function| format!("SOURCE '/aws/lambda/${{Prefix}}-{}'", function.name));
    let logs = logs.collect::<Vec<_>>().join("\n            | ");
    text + &format!("          Logs: !Sub >-\n            {logs}\n")
}
