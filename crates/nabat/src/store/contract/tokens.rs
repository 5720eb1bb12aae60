//! What every store must do with tokens.

use tempfile::TempDir;

use nabat_core::change::Change;
use nabat_core::matcher::parse_list;
use nabat_core::token::{Role, Token};

use super::{at, fence};
use crate::store::{History, Store};

pub(super) fn run<S: Store + History>(fresh: impl Fn() -> (TempDir, S)) {
    let (_folder, store) = fresh();
    eprintln!("contract: tokens come back until they are removed");
    let fence = fence(&store);
    let plain = Token {
        name: "ci".to_owned(),
        digest: [1; 32],
        role: Role::Operator,
        scope: Vec::new(),
        created_at: at(1),
        expires_at: None,
        used_at: None,
    };
    let limited = Token {
        name: "db".to_owned(),
        digest: [2; 32],
        role: Role::Viewer,
        scope: parse_list("team=db,host=~\"a|b\"").unwrap(),
        expires_at: Some(at(9)),
        used_at: Some(at(2)),
        ..plain
    };
    let put = |token: &Token| Change::Token(Box::new(token.clone()));
    store.apply(&fence, &[put(&limited), put(&plain)]).unwrap();
    assert_eq!(store.tokens().unwrap(), [plain.clone(), limited.clone()]);

    let used = Token {
        used_at: Some(at(3)),
        ..plain
    };
    let gone = Change::TokenGone(limited.name);
    store.apply(&fence, &[put(&used), gone]).unwrap();
    assert_eq!(store.tokens().unwrap(), [used]);
}
