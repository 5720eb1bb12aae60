//! Asks a DNS server a question of its own, past every cache, and compares the answer.
//!
//! By UDP, again after a second without an answer, as resolvers do; and by TCP if the answer did not
//! fit. Of this machine's own servers each is asked in turn; that none of them answers is nobody's
//! fault but ours.

mod demands;
mod exchange;
mod record;
mod settings;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use hickory_resolver::proto::op::{Message, Query, ResponseCode};
use hickory_resolver::system_conf::read_system_conf;
use nabat_core::listed::listed;

use super::condition::Fact;
use super::trace::Trace;
use super::{Finding, Manner, Outcome, Reach, Report, Tools, connect, reach};
use exchange::exchange;

pub use demands::{Demands, RecordDemands, Transport};
pub use settings::{Dns, DnsName, Matching, Rcode, RecordType};

/// The most answers that are told.
const MAX_TOLD: usize = 8;

/// Asks once.
pub async fn probe(settings: &Dns, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Dns, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    if let Some(demands) = &settings.demands {
        return demands.look(settings, tools, trace).await;
    }
    let (servers, is_ours) = servers(settings, tools, trace).await?;
    let query = Query::query(settings.name.0.clone(), settings.r#type.number());
    let mut failures = Vec::new();
    for (i, server) in servers.iter().enumerate() {
        trace.address = Some(server.ip());
        let left = u32::try_from(servers.len() - i).unwrap_or(1);
        let share = trace.left() / left;
        match trace.phase("query", exchange(*server, &query, share)).await {
            Ok(answer) => {
                if trace.manner.reach == Reach::PublicOnly && leads_inside(&answer) {
                    return Err(connect::inside(&settings.name.0));
                }
                judge(&answer, settings, trace);
                return Ok(());
            }
            Err(failure) => failures.push(failure),
        }
    }
    let words: Vec<&str> = failures
        .iter()
        .map(|failure| failure.words.as_str())
        .collect();
    let words = words.join("; ");
    let all_ours = failures
        .iter()
        .all(|failure| failure.outcome == Outcome::Unknown);
    Err(match is_ours || all_ours {
        true => Finding::unknown(words),
        false => Finding::down(words),
    })
}

/// Who is asked, and whether that is this machine's choice.
async fn servers(
    settings: &Dns,
    tools: &Tools,
    trace: &mut Trace,
) -> Result<(Vec<SocketAddr>, bool), Finding> {
    if let Some(server) = &settings.server {
        let found = connect::addresses(&server.host, tools, trace).await?;
        let places = found.into_iter().map(|ip| SocketAddr::new(ip, server.port));
        return Ok((places.collect(), false));
    }
    let (system, _) = read_system_conf()
        .map_err(|error| Finding::unknown(format!("no DNS server known here: {error}")))?;
    let servers = system.name_servers().iter();
    let places: Vec<_> = servers
        .map(|server| SocketAddr::new(server.ip, 53))
        .collect();
    match places.is_empty() {
        true => Err(Finding::unknown("no DNS server known here")),
        false => Ok((places, true)),
    }
}

/// Whether an answer tells addresses that are not public, as this machine's own servers may.
fn leads_inside(answer: &Message) -> bool {
    let addresses = answer
        .answers
        .iter()
        .filter_map(|record| record.data.ip_addr());
    addresses
        .into_iter()
        .any(|address| !reach::is_public(address))
}

fn judge(answer: &Message, settings: &Dns, trace: &mut Trace) {
    let seen = answer.metadata.response_code;
    trace.keep("rcode", Fact::Text(rcode_text(seen)));
    let expected = settings.rcode;
    if u16::from(seen) != expected.number() {
        let (seen, expected) = (rcode_text(seen), expected.text());
        trace.note(Finding::down(format!("answer {seen}, expected {expected}")));
        return;
    }
    trace.note(Finding::up(format!("answer {}", expected.text())));
    if expected != Rcode::Noerror {
        return;
    }
    let wanted = settings.r#type.number();
    let records = answer.answers.iter();
    let records = records.filter(|record| record.record_type() == wanted);
    let seen: BTreeSet<String> = records
        .map(|record| plain(&record.data.to_string()))
        .collect();
    let expected: BTreeSet<String> = settings.expect.iter().map(|text| plain(text)).collect();
    let is_met = match settings.matching {
        _ if expected.is_empty() => !seen.is_empty(),
        Matching::Any => !seen.is_disjoint(&expected),
        Matching::All => seen.is_superset(&expected),
        Matching::Exact => seen == expected,
    };
    trace.keep("answers", Fact::Texts(seen.iter().cloned().collect()));
    let kind = settings.r#type.text();
    let told = told(&seen, kind);
    trace.note(match is_met {
        true => Finding::up(told),
        false if expected.is_empty() => Finding::down(told),
        false => {
            let how = settings.matching.words(expected.len());
            let expected: Vec<String> = expected.into_iter().collect();
            Finding::down(format!("{told}, expected {how}{}", expected.join(", ")))
        }
    });
}

fn told(seen: &BTreeSet<String>, kind: &str) -> String {
    if seen.is_empty() {
        return format!("no {kind} record");
    }
    format!(
        "{kind} {}",
        listed(seen.iter().map(String::as_str), MAX_TOLD)
    )
}

/// A record without what differs between ways to write it: the case, and the dot at a name's end.
fn plain(text: &str) -> String {
    let words = text
        .split_whitespace()
        .map(|word| word.trim_end_matches('.'));
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

fn rcode_text(code: ResponseCode) -> String {
    let number = u16::from(code);
    let known = Rcode::ALL.iter().find(|known| known.number() == number);
    known.map_or_else(|| format!("code {number}"), |known| known.text().to_owned())
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::op::{MessageType, OpCode};
    use hickory_resolver::proto::rr::rdata::{A, TXT};
    use hickory_resolver::proto::rr::{Name, RData, Record};

    use super::*;

    #[test]
    fn an_answer_with_an_inner_address_leads_inside() {
        for (data, is_inside) in [
            (RData::A(A::new(10, 0, 0, 5)), true),
            (RData::A(A::new(9, 9, 9, 9)), false),
            (RData::TXT(TXT::new(vec!["10.0.0.5".to_owned()])), false),
        ] {
            let mut answer = Message::new(1, MessageType::Response, OpCode::Query);
            answer.add_answer(Record::from_rdata(Name::root(), 60, data.clone()));
            assert_eq!(leads_inside(&answer), is_inside, "{data}");
        }
    }
}
