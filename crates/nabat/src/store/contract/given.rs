//! What every store must do with answers that are given again.

use tempfile::TempDir;

use nabat_core::change::{Change, Given};
use nabat_core::time::Timestamp;

use super::{at, fence};
use crate::store::{GIVEN_BYTES_KEPT_OF_ONE, GIVEN_KEPT_FOR, GIVEN_KEPT_OF_ONE, History, Store};

fn given(asker: u8, key: usize, at: Timestamp) -> Given {
    Given {
        asker: [asker; 32],
        key: key.to_string(),
        print: [7; 32],
        at,
        status: 201,
        body: b"{}".to_vec(),
    }
}

pub(super) fn run<S: Store + History>(fresh: impl Fn() -> (TempDir, S)) {
    eprintln!("contract: answers come back for a day, and not too many of one asker");
    let (_folder, store) = fresh();
    let fence = fence(&store);
    let put = |given: Given| Change::Given(Box::new(given));
    let keys = |since: Timestamp| -> Vec<(u8, String)> {
        let kept = store.given(since).unwrap().into_iter();
        kept.map(|given| (given.asker[0], given.key)).collect()
    };
    let (one, two) = (given(1, 1, at(1)), given(2, 1, at(2)));
    store
        .apply(&fence, &[put(one.clone()), put(two.clone())])
        .unwrap();
    assert_eq!(store.given(at(0)).unwrap(), [one, two.clone()]);
    assert_eq!(store.given(at(1)).unwrap(), [two]);
    // The same key again takes the place of the one before.
    let again = Given {
        status: 200,
        ..given(1, 1, at(3))
    };
    store.apply(&fence, &[put(again.clone())]).unwrap();
    assert_eq!(store.given(at(2)).unwrap(), [again]);

    let many = (0..=GIVEN_KEPT_OF_ONE).map(|key| put(given(3, key, at(4))));
    store.apply(&fence, &many.collect::<Vec<_>>()).unwrap();
    let kept = keys(at(3));
    assert_eq!(kept.len(), GIVEN_KEPT_OF_ONE);
    assert_eq!(kept.first(), Some(&(3, "1".to_owned())));
    assert_eq!(
        keys(at(0)).len(),
        GIVEN_KEPT_OF_ONE + 2,
        "others keep theirs"
    );

    let large = |key| Given {
        body: vec![b'x'; GIVEN_BYTES_KEPT_OF_ONE * 2 / 3],
        ..given(3, key, at(5))
    };
    store
        .apply(&fence, &[put(large(1)), put(large(2))])
        .unwrap();
    assert_eq!(keys(at(3)), [(3, "2".to_owned())], "but for the last one");

    let next_day = at(5).after(GIVEN_KEPT_FOR);
    store.apply(&fence, &[put(given(4, 1, next_day))]).unwrap();
    assert_eq!(keys(at(0)), [(4, "1".to_owned())]);
}
