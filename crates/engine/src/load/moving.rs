//! What is needed to tell who has moved on the leaderboard of a tournament.

use std::collections::BTreeMap;
use std::io;

use accolade_domain::ledger::Subject;
use accolade_wire::control::{Command, MOVED_LINES_MAX};
use accolade_wire::hex::from_hex;

use crate::apply::Loaded;
use crate::apply::moving::Told;
use crate::partition::Partition;
use crate::store::Store;
use crate::tables::positions::{PositionKey, Says, ToldPosition, ToldPositions, ToldUpTo};

impl Partition {
    /// What was told last of those whom a page names. Nothing of one that came before, or that names too many.
    pub(super) fn load_told(
        &self,
        loaded: &mut Loaded<'_>,
        command: &Command,
        store: &mut impl Store,
    ) -> io::Result<()> {
        let (Some(operator), Command::Moved(page)) = (loaded.operator, command) else {
            return Ok(());
        };
        let first = PositionKey::first_of(operator.number, page.tournament);
        let up_to = match self.told_of(&first, store)? {
            Some(Says::UpTo(up_to)) => up_to,
            Some(Says::Stands { .. }) | None => ToldUpTo::default(),
        };
        let mut told = Told { first, up_to, positions: BTreeMap::new() };
        if told.is_next(page) && page.lines.len() <= MOVED_LINES_MAX {
            for subject in page.lines.iter().filter_map(|line| from_hex(&line.subject)).map(Subject)
            {
                let says = self.told_of(&first.of(subject), store)?;
                if let Some(Says::Stands { position, reached }) = says {
                    told.positions.insert(subject, (position, reached));
                }
            }
        }
        loaded.told_positions = Some(Box::new(told));
        Ok(())
    }

    fn told_of(&self, key: &PositionKey, store: &mut impl Store) -> io::Result<Option<Says>> {
        let told = self.tables.positions.load(key, self.number, store)?;
        let told = told.filter(|told| self.counts::<ToldPositions>(key, told));
        Ok(told.map(|ToldPosition { says, .. }| says))
    }
}
