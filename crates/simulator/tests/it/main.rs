//! Where the workload and the model meet the real readers and the real rules.

mod cluster;
mod ladder;
mod recovery;
mod run;
mod spelling;
mod trail;
