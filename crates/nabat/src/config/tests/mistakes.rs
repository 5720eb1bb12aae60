//! The table of mistakes: each file of `mistakes.txt` with what people see about it.

use super::*;

const TABLE: &str = include_str!("mistakes.txt");

#[test]
fn every_mistake_is_shown_as_the_table_says() {
    let rows: Vec<&str> = TABLE.split("\n====").skip(1).collect();
    assert!(rows.len() >= 30, "{} rows", rows.len());
    let mut differences = String::new();
    for row in rows {
        let (title, row) = row.split_once('\n').unwrap();
        let (yaml, expected) = row.split_once("----\n").unwrap();
        let actual = errors(yaml);
        if actual != expected.trim_end() {
            differences += &format!("===={title}\n{yaml}----\n{actual}\n");
        }
    }
    assert!(
        differences.is_empty(),
        "these files show something else:\n{differences}"
    );
}

#[test]
fn no_heartbeat_has_the_key_that_all_share_and_neither_is_shown() {
    let said = errors(
        "watch: {ping_key: shared-key}\nmonitors: [{name: a, heartbeat: {period: 1d, key: shared-key}}]",
    );
    assert!(said.contains("the same key again"), "{said}");
    assert!(said.contains("watch.ping_key has it too"), "{said}");
    let said = errors("watch: {ping_key: shared key}");
    assert!(said.contains("8 to 100 characters"), "{said}");
    assert!(!said.contains("shared key"), "{said}");
}
