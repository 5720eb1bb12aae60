//! What must hold whatever the bytes, tried with the corpus of the fuzzer, with changes of it, and with
//! anything. `cargo xtask fuzz` tries the same for as long as it is let.

#[expect(unreachable_pub, reason = "the fuzz targets call it from outside")]
#[path = "../../../../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

type Property = fn(&[u8]);

/// Each fuzz target by its name, which is also that of its corpus.
const PROPERTIES: [(&str, Property); 5] = [
    ("render", fuzz::render),
    ("intake", fuzz::intake),
    ("expression", fuzz::expression),
    ("config", fuzz::config),
    ("command", fuzz::command),
];

/// The inputs that are kept for a target, in order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let files = fs::read_dir(folder.join(target)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn every_property_holds_for_its_corpus() {
    for (target, property) in PROPERTIES {
        for input in corpus(target) {
            property(&input);
        }
    }
}

/// What a fuzzer does to an input.
#[derive(Clone, Debug)]
enum Change {
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// Says a part of the input once more, so many times, somewhere else.
    Repeat(Index, usize, Index, usize),
}

fn any_change() -> impl Strategy<Value = Change> {
    let piece = prop_oneof![
        "[ -~\\n]{1,4}".prop_map(String::into_bytes),
        "[\u{1e}\u{1f}\u{0}\t\r🔑🚀ж\u{200d}\u{202e}]{1,2}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 1..4),
    ];
    prop_oneof![
        3 => (any::<Index>(), piece).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (any::<Index>(), 1usize..9).prop_map(|(at, count)| Change::Remove(at, count)),
        1 => (any::<Index>(), 1usize..20, any::<Index>(), 1usize..400)
            .prop_map(|(from, length, to, times)| Change::Repeat(from, length, to, times)),
    ]
}

fn changed(input: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut input = input.to_vec();
    for change in changes {
        let size = input.len();
        match change {
            Change::Insert(at, bytes) => {
                let at = at.index(size + 1);
                input.splice(at..at, bytes.iter().copied());
            }
            Change::Remove(at, count) => {
                let at = at.index(size + 1);
                input.drain(at..size.min(at + count));
            }
            Change::Repeat(from, length, to, times) => {
                let (from, to) = (from.index(size + 1), to.index(size + 1));
                let part = input[from..size.min(from + length)].repeat(*times);
                input.splice(to..to, part);
            }
        }
    }
    input
}

fn any_changes() -> impl Strategy<Value = Vec<Change>> {
    proptest::collection::vec(any_change(), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_property_holds_for_changes_of_its_corpus(seed in any::<Index>(), changes in any_changes()) {
        for (target, property) in PROPERTIES {
            let corpus = corpus(target);
            property(&changed(&corpus[seed.index(corpus.len())], &changes));
        }
    }

    #[test]
    fn every_property_holds_for_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for (_, property) in PROPERTIES {
            property(&bytes);
        }
    }
}
