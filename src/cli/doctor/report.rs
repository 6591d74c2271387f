//! Findings as lines: for people, or one JSON object each.

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::args::DoctorFormat;
use super::doors::Door;
use super::finding::{Finding, Status};

/// Puts findings that differ in nothing but their door into one line, at the place of the first.
pub(super) fn merge(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let same = merged.iter_mut().find(|other| {
            other.check == finding.check
                && other.status == finding.status
                && other.seen == finding.seen
                && other.trouble == finding.trouble
        });
        match same {
            Some(other) => other.doors.extend(finding.doors),
            None => merged.push(finding),
        }
    }
    merged
}

/// A line of the report. Colours are for terminals; `output::print` takes them out elsewhere.
pub(super) fn line(finding: &Finding, format: DoctorFormat) -> String {
    match format {
        DoctorFormat::Text => text(finding),
        DoctorFormat::Json => json(finding),
    }
}

fn text(finding: &Finding) -> String {
    let mut place = finding.check.as_str().to_owned();
    if !finding.doors.is_empty() {
        place.push(' ');
        place.push_str(&names(&finding.doors).join(", "));
    }
    let style = match finding.status {
        Status::Ok => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Status::Warning => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        Status::Failed => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
        Status::Skipped => Style::new().dimmed(),
    };
    let status = finding.status.as_str();
    let seen = &finding.seen;
    let trouble = finding
        .trouble
        .as_ref()
        .map(|trouble| format!("; at fault: {}; to do: {}", trouble.whose.as_str(), trouble.advice));
    one_line(&format!("{style}{status:<8}{style:#} {place}: {seen}{}", trouble.unwrap_or_default()))
}

fn json(finding: &Finding) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        check: &'a str,
        doors: Vec<&'a str>,
        status: &'a str,
        seen: &'a str,
        fault: Option<&'a str>,
        at_fault: Option<&'a str>,
        to_do: Option<&'a str>,
    }
    let trouble = finding.trouble.as_ref();
    let line = Line {
        check: finding.check.as_str(),
        doors: names(&finding.doors),
        status: finding.status.as_str(),
        seen: &finding.seen,
        fault: trouble.map(|trouble| trouble.fault.as_str()),
        at_fault: trouble.map(|trouble| trouble.whose.as_str()),
        to_do: trouble.map(|trouble| trouble.advice.as_str()),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

fn names(doors: &[Door]) -> Vec<&'static str> {
    doors.iter().map(|door| door.as_str()).collect()
}

/// What a peer said stands in these lines: it must not begin new ones.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\u{1b}' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::{Check, Fault, Whose};

    fn refused(door: Door) -> Finding {
        let seen = "203.0.113.7 refuses";
        Finding::failed(Check::Port, Fault::PortRefused, seen, Whose::Gateway, "open it").at(door)
    }

    #[test]
    fn what_is_the_same_at_two_doors_is_one_line() {
        let clock = Finding::ok(Check::Clock, "right");
        let all = merge(vec![refused(Door::Https), clock.clone(), refused(Door::Amqps)]);
        assert_eq!(all, [refused(Door::Https).at(Door::Amqps), clock]);
    }

    #[test]
    fn a_line_says_what_was_seen_whose_fault_it_is_and_what_to_do() {
        let shown = anstream::adapter::strip_str(&text(&refused(Door::Https).at(Door::Amqps))).to_string();
        assert_eq!(
            shown,
            "failed   port https, amqps: 203.0.113.7 refuses; at fault: gateway; to do: open it"
        );
        let ok = anstream::adapter::strip_str(&text(&Finding::ok(Check::Clock, "right"))).to_string();
        assert_eq!(ok, "ok       clock: right");
    }

    #[test]
    fn json_has_the_same_in_fields() {
        assert_eq!(
            json(&refused(Door::Https)),
            r#"{"check":"port","doors":["https"],"status":"failed","seen":"203.0.113.7 refuses","fault":"port_refused","at_fault":"gateway","to_do":"open it"}"#
        );
    }

    #[test]
    fn what_a_peer_said_begins_no_new_line() {
        let line = text(&Finding::ok(Check::Port, "a\r\nok       key: fine"));
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
}
