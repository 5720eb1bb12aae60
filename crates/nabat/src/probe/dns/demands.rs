//! How a DNS server is asked, and what is demanded of its answer, by modules of blackbox_exporter:
//! any type and class, by UDP, TCP or TLS, and records held against patterns.

use std::net::SocketAddr;

use hickory_resolver::proto::op::{Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{DNSClass, RData, Record, RecordType};

use super::exchange::{by_stream, by_udp, question};
use super::record::line;
use super::settings::Dns;
use crate::probe::certificate::CertificateCheck;
use crate::probe::trace::Trace;
use crate::probe::{DnsSeen, Finding, Pattern, Tools, connect, evidence, handshake};

/// How a server is asked, and what is demanded of its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Demands {
    /// By what the server is asked.
    pub transport: Transport,
    /// The type of records that is asked for.
    pub record_type: RecordType,
    /// Their class.
    pub class: DNSClass,
    /// Whether the server is to ask others.
    pub recursion: bool,
    /// The codes that the answer may have.
    pub rcodes: Vec<ResponseCode>,
    /// What the records of the answer must be like.
    pub answers: RecordDemands,
    /// What those must be like that tell who is responsible.
    pub authorities: RecordDemands,
    /// What those must be like that are added.
    pub additionals: RecordDemands,
}

/// By what a server is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// By UDP alone: what does not fit is missing.
    Udp,
    /// By TCP.
    Tcp,
    /// By TLS.
    Tls(CertificateCheck),
}

/// What records must be like, as lines of a zone file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordDemands {
    /// Found in none.
    pub in_none: Vec<Pattern>,
    /// All of these found in all, as blackbox_exporter does it by its `fail_if_all_match_regexp`.
    pub not_missing: Vec<Pattern>,
    /// Each found in each.
    pub in_each: Vec<Pattern>,
    /// At least one of them found in one.
    pub in_any: Vec<Pattern>,
}

impl Demands {
    pub(super) async fn look(
        &self,
        settings: &Dns,
        tools: &Tools,
        trace: &mut Trace,
    ) -> Result<(), Finding> {
        let Some(server) = &settings.server else {
            return Err(Finding::unknown("no DNS server to ask"));
        };
        let mut query = Query::query(settings.name.0.clone(), self.record_type);
        query.set_query_class(self.class);
        let mut question = question(&query)?;
        question.metadata.recursion_desired = self.recursion;
        let place = server.to_string();
        let answer = if self.transport == Transport::Udp {
            let found = connect::addresses(&server.host, tools, trace).await?;
            let address = found.first().map(|ip| SocketAddr::new(*ip, server.port));
            let address = address.ok_or_else(|| Finding::down("no address"))?;
            trace.address = Some(address.ip());
            let source = trace.manner.source;
            trace
                .phase("query", by_udp(address, source, &question))
                .await?
        } else {
            let stream = connect::connect(&server.host, server.port, tools, trace).await?;
            match &self.transport {
                Transport::Tls(check) => {
                    let secured = handshake::secure(stream, &server.host, check, tools, trace);
                    let stream = secured.await?;
                    let answer = by_stream(stream, &place, &question);
                    trace.phase("query", answer).await?
                }
                Transport::Udp | Transport::Tcp => {
                    let answer = by_stream(stream, &place, &question);
                    trace.phase("query", answer).await?
                }
            }
        };
        trace.figure(|figures| figures.dns = Some(self.seen(&answer)));
        self.judge(&answer, trace);
        Ok(())
    }

    fn seen(&self, answer: &Message) -> DnsSeen {
        let mut serials = answer
            .answers
            .iter()
            .filter_map(|record| match &record.data {
                RData::SOA(soa) => Some(soa.serial),
                _ => None,
            });
        let serial = serials.next_back().unwrap_or_default();
        DnsSeen {
            answers: answer.answers.len(),
            authorities: answer.authorities.len(),
            additionals: answer.additionals.len() + usize::from(answer.edns.is_some()),
            serial: (self.record_type == RecordType::SOA).then_some(serial),
        }
    }

    fn judge(&self, answer: &Message, trace: &mut Trace) {
        let code = answer.metadata.response_code;
        if !self.rcodes.contains(&code) {
            trace.note(Finding::down(format!(
                "answer {code}, not one of those expected"
            )));
            return;
        }
        trace.note(Finding::up(format!("answer {code}")));
        for (demands, records, what) in [
            (&self.answers, &answer.answers, "answer"),
            (&self.authorities, &answer.authorities, "authority"),
            (&self.additionals, &answer.additionals, "additional"),
        ] {
            // One that is unmet is enough.
            if let Err(unmet) = demands.judge(records, what) {
                trace.note(unmet);
                return;
            }
        }
    }
}

impl RecordDemands {
    fn judge(&self, records: &[Record], what: &str) -> Result<(), Finding> {
        let needed = self.in_each.first().or(self.in_any.first());
        if let Some(pattern) = needed.filter(|_| records.is_empty()) {
            let words = format!("no {what} record, expected /{}/", pattern.as_str());
            return Err(Finding::down(words));
        }
        let lines: Vec<String> = records.iter().map(line).collect();
        let has = |line: &str, pattern: &Pattern| pattern.is_match(line.as_bytes());
        for line in &lines {
            let quoted = evidence::quote(line.as_bytes());
            if let Some(pattern) = self.in_none.iter().find(|one| has(line, one)) {
                let words = format!("/{}/ is in the {what} record {quoted}", pattern.as_str());
                return Err(Finding::down(words));
            }
            if let Some(pattern) = self.in_each.iter().find(|one| !has(line, one)) {
                let words = format!(
                    "/{}/ is not in the {what} record {quoted}",
                    pattern.as_str()
                );
                return Err(Finding::down(words));
            }
        }
        let mut missing = self.not_missing.iter();
        if let Some(pattern) = missing.find(|one| !lines.iter().all(|line| has(line, one))) {
            let words = format!("/{}/ is not in every {what} record", pattern.as_str());
            return Err(Finding::down(words));
        }
        let any = |pattern: &Pattern| lines.iter().any(|line| has(line, pattern));
        match self.in_any.first() {
            Some(pattern) if !self.in_any.iter().any(any) => {
                let words = format!("/{}/ is in no {what} record", pattern.as_str());
                Err(Finding::down(words))
            }
            _ => Ok(()),
        }
    }
}
