//! The rules in the words of the rule book.

mod budgets;
mod capped;
mod conditions;
mod days;
mod decimals;
mod earning;
mod games;
mod held;
mod lots;
mod occurrences;
mod prizes;
mod promoted;
mod promotions;
mod ranking;
mod redeeming;
mod scenario;
mod sharing;
mod signals;
mod statistics;
mod tallies;
mod tiers;
mod versions;
mod zones;
