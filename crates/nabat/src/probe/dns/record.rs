//! A record as a line of a zone file, as blackbox_exporter's patterns know it: fields by tabs, names
//! with a dot at the end.

use hickory_resolver::proto::rr::{RData, Record};

/// `example.org.\t300\tIN\tA\t192.0.2.1`.
pub(super) fn line(record: &Record) -> String {
    let Record {
        name,
        ttl,
        dns_class,
        data,
        ..
    } = record;
    let kind = record.record_type();
    format!("{name}\t{ttl}\t{dns_class}\t{kind}\t{}", value(data))
}

fn value(data: &RData) -> String {
    match data {
        RData::TXT(texts) => {
            let texts = texts.txt_data.iter().map(|text| quoted(text));
            texts.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// A text in quotation marks, with what is not a printable letter of ASCII by its number.
fn quoted(text: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for byte in text {
        match byte {
            b'"' | b'\\' => {
                quoted.push('\\');
                quoted.push(char::from(*byte));
            }
            b' '..=b'~' => quoted.push(char::from(*byte)),
            other => quoted.push_str(&format!("\\{other:03}")),
        }
    }
    quoted.push('"');
    quoted
}
