//! The storage on a real disk: the contracts of its ports, and a node with its threads.

mod adopt;
mod contracts;
mod home;
mod lookup;
mod node;
mod segments;
mod ship;
mod standing;
