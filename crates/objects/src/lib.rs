//! Object storage in the cloud behind the engine's port `Objects`: S3 and what speaks like it, Google
//! Cloud Storage and Azure.
//!
//! It decides nothing and keeps nothing: every call has a time limit and a bounded number of tries, and
//! an error says what was asked. A folder as object storage is `accolade-storage`'s, without all this.
#![warn(missing_docs)]

pub mod bucket;
mod running;
