//! `/probe`, held against the real blackbox_exporter: the same modules, the same targets, the same
//! families, labels and values.

mod files;
mod grpc;
mod http;
mod others;
