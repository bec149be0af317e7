//! Scenarios of the fold in the words of the rule book, and its behaviour under failure.

mod behaviours;
mod budgets;
mod deliveries;
mod dialects;
mod expiring;
mod faults;
mod frozen;
mod houses;
mod known;
mod letters;
mod lots;
mod opt_ins;
mod past;
mod play;
mod replay;
mod reports;
mod rewards;
mod rules;
mod scenarios;
mod settling;
mod signals;
mod spending;
mod state;
mod statistics;
mod tiers;
mod tournaments;
