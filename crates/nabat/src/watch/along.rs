//! What is kept together with a monitor that is made.

use std::fmt;

use nabat_core::change::Change;

use super::Shown;

/// What is to be kept in the same commit as a monitor that is made, of what it is shown as then.
pub struct Along(Box<dyn FnOnce(&Shown) -> Change + Send>);

impl Along {
    /// What `of` makes of the monitor.
    pub fn new(of: impl FnOnce(&Shown) -> Change + Send + 'static) -> Self {
        Self(Box::new(of))
    }

    pub(super) fn change(self, made: &Shown) -> Change {
        (self.0)(made)
    }
}

impl fmt::Debug for Along {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Along")
    }
}
