//! The storage on a real disk: the contracts of its ports, and a node with its threads.

mod adopt;
mod breaking;
mod contracts;
mod driver;
mod formats;
mod home;
mod letters;
mod lookup;
mod node;
mod pages;
mod rules;
mod segments;
mod ship;
mod standing;
mod trail;
