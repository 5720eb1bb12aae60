//! The envelope of all problems.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// The problem.
    pub error: Problem,
}

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What kind of problem it is: a word that stays the same.
    pub code: String,
    /// What happened, in words for people.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}
