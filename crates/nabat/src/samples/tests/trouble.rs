//! Samples and files that are damaged, foreign, gone or full.
