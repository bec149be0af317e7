//! Random signals whose lines the few wagers of a world pass now and then.

use crate::input::{ModelOver, ModelSignal};
use crate::random::Random;

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// One, in 10^-8ths.
const ONE: u64 = 100_000_000;
/// Most signals of a program.
const SIGNALS_MAX: u64 = 8;

/// Some of those of the version before, each as it was or a little other, and new ones.
pub(super) fn some(before: &[ModelSignal], random: &mut Random) -> Vec<ModelSignal> {
    let mut signals: Vec<ModelSignal> = Vec::new();
    for signal in before {
        let mut signal = signal.clone();
        match random.below(6) {
            0 => continue,
            1 => signal.hold = !signal.hold,
            2 => signal.over = over(random),
            _ => {}
        }
        signals.push(signal);
    }
    let wanted = 1 + random.below(SIGNALS_MAX) / 2;
    for number in 0..SIGNALS_MAX {
        let name = format!("signal-{number}");
        let is_known = signals.iter().any(|signal| signal.name == name);
        if (signals.len() as u64) < wanted && !is_known {
            signals.push(ModelSignal { name, over: over(random), hold: random.percent(75) });
        }
    }
    random.shuffle(&mut signals);
    signals
}

fn over(random: &mut Random) -> ModelOver {
    let within = |random: &mut Random| {
        let seconds = *random.pick(&[SECOND, 7, MINUTE, 7 * MINUTE, HOUR, 12 * HOUR, 12 * HOUR]);
        i64::try_from(seconds).expect("less than a day")
    };
    // Around the lines that STAKES make with each other.
    let line = |random: &mut Random| {
        *random.pick(&[1, ONE / 3, ONE / 2, ONE, ONE + 1, 2 * ONE, 10 * ONE, 1_000_000 * ONE])
    };
    let needed = |random: &mut Random| *random.pick(&[1, 1, 2, 2, 3, 10_000]);
    match random.below(6) {
        0 => {
            let wagers = *random.pick(&[1, 1, 2, 3, 5, 1_000_000]);
            ModelOver::Velocity { wagers, within: within(random) }
        }
        1 => ModelOver::StakeJump { times: line(random), after: needed(random) },
        2 => {
            let count = *random.pick(&[1, 1, 1, 2, 4, 12]);
            ModelOver::GamingSystems { count, within: within(random) }
        }
        3 => ModelOver::WinRatio { ratio: line(random), after: needed(random) },
        _ => {
            let share = *random.pick(&[1, ONE / 3, ONE / 2, ONE * 9 / 10, ONE - 1]);
            ModelOver::MinimumPlay { share, of: needed(random) }
        }
    }
}
